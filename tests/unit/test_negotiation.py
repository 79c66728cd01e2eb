"""Which format a client gets, and what it need not be sent again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfare.imaging import Format
from fanfare.negotiation import unchanged
from images.negotiation import best

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
SAFARI = "image/webp,image/avif,image/jxl,image/heic,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        (CHROME, "avif"),
        (SAFARI, "avif"),
        ("image/webp,*/*", "webp"),
        ("IMAGE/WebP", "webp"),
        ("text/html, image/webp ; q=0.9", "webp"),
        ("", "jpeg"),
        ("*/*", "jpeg"),
        ("image/*", "jpeg"),
        ("image/png", "jpeg"),
        ("image/avif;q=0, image/webp", "webp"),
        ("image/avif;q=0.000,image/webp;q=0.0", "jpeg"),
        ("image/avif;q=0.5, image/webp;q=0.8", "webp"),
        ("image/avif;q=0.5, image/webp;q=0.5", "avif"),
        ("image/jpeg, image/webp;q=0.5", "jpeg"),
        ("image/jpeg;q=0.2, image/webp;q=0.5", "webp"),
        ("image/avif;q=many", "avif"),
        ("image/avifs, image/webpx", "jpeg"),
        (";;,,q=1,image/webp;", "webp"),
    ],
)
def test_the_most_wanted_format_is_chosen_then_the_smallest(accept: str, format_: str) -> None:
    assert best(accept, otherwise="jpeg") == format_


@pytest.mark.parametrize("accept", ["", "*/*", "image/avif;q=0"])
def test_a_client_that_names_nothing_gets_what_fits_the_picture(accept: str) -> None:
    assert best(accept, otherwise="png") == "png"


@given(st.text(alphabet='image/avifwebp*;,=q01. \t"é') | st.text())
def test_any_header_can_be_read(accept: str) -> None:
    formats: set[Format] = {"avif", "webp", "jpeg"}
    assert best(accept, otherwise="jpeg") in formats


@pytest.mark.parametrize("header", ['"abc"', 'W/"abc"', '"x", "abc"', '"x" ,W/"abc","y"', "*", ' "abc" '])
def test_what_a_client_has_need_not_be_sent(header: str) -> None:
    assert unchanged(header, '"abc"')


@pytest.mark.parametrize("header", ["", "abc", '"ab"', '"abcd"', '"x","y"', 'w/"abc"', '"*"'])
def test_anything_else_is_sent(header: str) -> None:
    assert not unchanged(header, '"abc"')
