"""Bodies as API Gateway hands them over, and forms as anybody may send them."""

import base64
import tempfile
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from hypothesis import given
from hypothesis import strategies as st

from fanfare import bodies
from fanfare.bodies import File
from fanfare.errors import InvalidInput, MalformedBody

FIELD = b'--b\r\nContent-Disposition: form-data; name="width"\r\n\r\n300\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\nContent-Type: Image/PNG; x=1\r\n\r\n'
END = b"\r\n--b--\r\n"
PICTURE = bytes(range(256))


def event(body: bytes | str | None, kind: str | None = "multipart/form-data; boundary=b") -> APIGatewayProxyEventV2:
    headers: dict[str, str] = {} if kind is None else {"content-type": kind}
    made: dict[str, Any] = {"headers": headers, "body": body, "isBase64Encoded": isinstance(body, bytes)}
    if isinstance(body, bytes):
        made["body"] = base64.b64encode(body).decode()
    return APIGatewayProxyEventV2(made)


@pytest.mark.parametrize(
    ("given_as", "body"), [(PICTURE, PICTURE), ("grün", "grün".encode()), ("", b""), (None, b""), (b"", b"")]
)
def test_a_body_is_what_was_sent(given_as: bytes | str | None, body: bytes) -> None:
    assert bodies.raw(event(given_as)) == body


@pytest.mark.parametrize("text", ["AAA", "A*==", "AA==\n", "ключ", "AAAA!"])
def test_a_body_that_is_said_to_be_base64_and_is_not(text: str) -> None:
    with pytest.raises(MalformedBody):
        bodies.raw(APIGatewayProxyEventV2({"headers": {}, "body": text, "isBase64Encoded": True}))


@pytest.mark.parametrize(
    ("header", "kind"),
    [("Image/JPEG; q=1", "image/jpeg"), (" image/png ", "image/png"), ("", ""), (None, ""), (";x", "")],
)
def test_a_media_type_is_compared_without_case_and_parameters(header: str | None, kind: str) -> None:
    assert bodies.media_type(event(b"", header)) == kind


def test_a_form_has_fields_and_one_file() -> None:
    fields, file = bodies.form(event(FIELD + FILE + PICTURE + END))
    assert fields == {"width": "300"}
    assert file == File(PICTURE, "image/png")


def test_a_file_need_not_say_what_it_is() -> None:
    untold = FILE.replace(b"Content-Type: Image/PNG; x=1\r\n", b"")
    assert bodies.form(event(untold + PICTURE + END)) == ({}, File(PICTURE, "application/octet-stream"))


def test_a_form_in_which_no_file_was_chosen_has_an_empty_one() -> None:
    _, file = bodies.form(event(FILE.replace(b"a.png", b"") + END))
    assert file.body == b""


def test_a_large_file_does_not_go_through_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise AssertionError("a temporary file was opened")

    for name in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile"):
        monkeypatch.setattr(tempfile, name, refused)
    large = bytes(3 << 20)
    _, file = bodies.form(event(FILE + large + END))
    assert file.body == large


@pytest.mark.parametrize(("body", "number"), [(FIELD + b"--b--", 0), (2 * (FILE + b"x\r\n") + b"--b--", 2)])
def test_a_form_without_just_one_file_is_told_so(body: bytes, number: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        bodies.form(event(body))
    assert refused.value.fields == {"body": f"the form has {number} files; one is needed"}


def field(charset: str, value: bytes) -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="width"\r\nContent-Type: text/plain; charset={charset}\r\n\r\n'
    return head.encode() + value + b"\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form",
        FIELD,  # cut off
        FILE + PICTURE,
        FILE + PICTURE + b"\r\n--b",
        b"--b\r\nContent-Type: image/png\r\n\r\nx" + END,  # of no name
        b"--b\r\nContent-Disposition: attachment\r\n\r\nx" + END,
        field("no-such", b"300") + FILE + END,
        field("utf-8", b"\xff\xfe") + FILE + END,
        FIELD.replace(b"width", b"\xff") + FILE + END,
        FIELD * (bodies.MOST_PARTS + 1) + FILE + END,
        FIELD.replace(b"Content", b"x" * 5000) + FILE + END,
    ],
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        bodies.form(event(body))


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data;b"])
def test_a_form_needs_its_boundary(kind: str) -> None:
    with pytest.raises(MalformedBody, match="boundary"):
        bodies.form(event(FILE + END, kind))


@given(
    parts=st.lists(st.sampled_from([FIELD, FILE, END, b"--b--", b"--b", b"\r\n", b"\xff", PICTURE]) | st.binary()),
    kind=st.just("multipart/form-data; boundary=b") | st.text().map("multipart/form-data; boundary={}".format),
)
def test_whatever_is_sent_is_read_or_refused(parts: list[bytes], kind: str) -> None:
    try:
        fields, file = bodies.form(event(b"".join(parts), kind))
    except (MalformedBody, InvalidInput):
        return
    assert isinstance(file.body, bytes)
    assert all(isinstance(value, str) for value in fields.values())
