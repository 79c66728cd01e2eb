"""What S3 tells of uploads, and which of two events came later."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from fanfare import aws
from fanfare.errors import FanfareError, NotFound, UpstreamError
from fanfare.uploads import Upload, notified

EVENT = {
    "eventVersion": "2.1",
    "eventSource": "aws:s3",
    "awsRegion": "eu-central-1",
    "eventTime": "2026-11-21T12:00:00.000Z",
    "eventName": "ObjectCreated:Post",
    "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"},
    "s3": {
        "s3SchemaVersion": "1.0",
        "configurationId": "uploads",
        "bucket": {"name": "storage", "arn": "arn:aws:s3:::storage"},
        "object": {"key": "uploads/images/a.jpg", "size": 3, "eTag": "0", "sequencer": "0055AED6DCD90281E5"},
    },
}
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"""


def record(key: str, sequencer: str | None = "1") -> dict[str, Any]:
    told = {"key": key} | ({} if sequencer is None else {"sequencer": sequencer})
    return {**EVENT, "s3": {**EVENT["s3"], "object": told}}  # type: ignore[dict-item]


def test_a_notification_as_s3_sends_it() -> None:
    assert notified(json.dumps({"Records": [EVENT]})) == [Upload("uploads/images/a.jpg", "0055AED6DCD90281E5")]


def test_a_notification_may_tell_of_several_objects_or_none() -> None:
    body = json.dumps({"Records": [record("a"), record("b", "2"), record("c", None)]})
    assert notified(body) == [Upload("a", "1"), Upload("b", "2"), Upload("c", "")]
    assert notified(json.dumps({"Records": []})) == []


def test_the_test_that_s3_sends_first_tells_of_nothing() -> None:
    body = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "storage", "RequestId": "5582815E1AEA5ADF"}
    assert notified(json.dumps(body)) == []


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("a+b.jpg", "a b.jpg"),
        ("a%2Bb.jpg", "a+b.jpg"),
        ("m%C3%BCller/%E2%82%AC.jpg", "müller/€.jpg"),
        ("a%2520b.jpg", "a%20b.jpg"),
        ("a%2Fb.jpg", "a/b.jpg"),
        ("100%25.jpg", "100%.jpg"),
    ],
)
def test_keys_are_decoded_once(encoded: str, key: str) -> None:
    [upload] = notified(json.dumps({"Records": [record(encoded)]}))
    assert upload.key == key


@pytest.mark.parametrize("body", ["", "no JSON", "{}", '{"Records": [{}]}', '{"Records": [{"s3": {"object": {}}}]}'])
def test_what_is_no_notification_is_told_apart_from_an_empty_one(body: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        notified(body)


SEQUENCER = st.text(alphabet="0123456789ABCDEF", min_size=1, max_size=24)


@given(SEQUENCER, SEQUENCER)
def test_sequencers_of_unequal_length_can_be_compared_as_they_are(one: str, other: str) -> None:
    """S3 says: pad the shorter one with zeros on the right. The table's condition compares without doing so."""
    length = max(len(one), len(other))
    if one.ljust(length, "0") < other.ljust(length, "0"):
        assert one < other


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("NoSuchKey", NotFound),
        ("404", NotFound),
        ("NotFound", NotFound),
        ("NoSuchBucket", UpstreamError),
        ("AccessDenied", UpstreamError),
        ("SlowDown", UpstreamError),
        ("ProvisionedThroughputExceededException", UpstreamError),
    ],
)
def test_only_an_object_that_is_not_there_is_not_found(code: str, kind: type[FanfareError]) -> None:
    with pytest.raises(FanfareError) as raised, aws.translated("storage"):
        raise ClientError({"Error": {"Code": code, "Message": "about uploads/images/secret.jpg"}}, "GetObject")
    assert type(raised.value) is kind
    assert "secret" not in str(raised.value)


def test_an_aws_that_does_not_answer_may_answer_later() -> None:
    with pytest.raises(UpstreamError, match="storage: ReadTimeoutError") as raised, aws.translated("storage"):
        raise ReadTimeoutError(endpoint_url="https://storage.example/secret")
    assert raised.value.retryable
