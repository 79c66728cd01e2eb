"""How near the small picture is to the ideal one, drafted or not."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from bench.fidelity import LUMA, Plane, lanczos, ssim
from fanfare.imaging import Options, optimize
from fanfare.imaging.placement import DRAFTS, place
from local_cloud.world.pictures import photograph
from support.pictures import decoded, encoded


def pixels(data: bytes, options: Options) -> Image.Image:
    return decoded(optimize(data, options).body)


SIZES = [
    (1999, 1335, 500),
    (1731, 1037, 633),
    (2001, 1501, 220),
    (1603, 1201, 80),
    (1367, 913, 489),
    (1201, 1603, 301),
]
"""Odd ones, so that blocks at the edges are padded; by width they are drafted at all scales, and not at all."""


def test_all_drafts_are_tried() -> None:
    tried = {place(width, height, Options(width=asked)).draft() for width, height, asked in SIZES}
    assert tried == {*DRAFTS, 8}


@cache
def jpeg(width: int, height: int) -> bytes:
    return encoded(photograph(width, height, seed=width), "JPEG", quality=92)


@cache
def portrait() -> Image.Image:
    return photograph(1001, 1339, seed=8)


def luma(image: Image.Image) -> Plane:
    light: Plane = np.asarray(image.convert("RGB")).astype(np.float64) @ LUMA
    return light


@cache
def fast_and_slow(width: int, height: int, asked: int) -> tuple[Plane, Plane]:
    """A photograph made that wide, drafted and not."""
    data = jpeg(width, height)
    fast, slow = (luma(pixels(data, Options(width=asked, format="png", fast=each))) for each in (True, False))
    return fast, slow


@pytest.mark.parametrize(("width", "height", "asked"), SIZES)
def test_drafts_do_not_show(width: int, height: int, asked: int) -> None:
    light = luma(decoded(jpeg(width, height)))
    fast, slow = fast_and_slow(width, height, asked)
    ideal = np.clip(lanczos(height, fast.shape[0]) @ light @ lanczos(width, fast.shape[1]).T, 0, 255)
    assert ssim(slow, ideal) > 0.999
    assert ssim(fast, ideal) >= ssim(slow, ideal) - 0.002


@pytest.mark.parametrize(("width", "height", "asked"), SIZES)
def test_no_edge_of_a_draft_shows(width: int, height: int, asked: int) -> None:
    fast, slow = fast_and_slow(width, height, asked)
    error = np.abs(fast - slow)
    for edge in (error[0], error[-1], error[:, 0], error[:, -1]):
        assert edge.mean() < 2 * error.mean() + 0.5


def test_drafts_are_used_and_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    decodings: list[tuple[int, int]] = []
    load = Image.Image.load

    def noted(image: Image.Image) -> Any:
        if getattr(image, "tile", None):
            decodings.append(image.size)
        return load(image)

    load = ImageFile.ImageFile.load  # type: ignore[assignment]
    monkeypatch.setattr(ImageFile.ImageFile, "load", noted)
    data = jpeg(1999, 1335)
    optimize(data, Options(width=300))
    optimize(data, Options(width=300, fast=False))
    optimize(data, Options(width=1500))
    assert decodings[0][0] < 1000
    assert decodings[1:] == [(1999, 1335)] * 2


@pytest.mark.parametrize("width", [33, 100, 192, 193, 577, 1000])
def test_other_formats_are_as_near_to_the_ideal_as_pillows_lanczos(width: int) -> None:
    image = portrait()
    height = round(1339 * width / 1001)
    ideal = np.clip(lanczos(1339, height) @ luma(image) @ lanczos(1001, width).T, 0, 255)
    pillow = np.abs(luma(image.resize((width, height), Image.Resampling.LANCZOS)) - ideal)
    ours = np.abs(luma(pixels(encoded(image), Options(width=width, format="png"))) - ideal)
    assert ours.mean() <= 1.05 * pillow.mean() + 0.02
    assert ours.max() <= pillow.max() + 2


@pytest.mark.parametrize("gravity", [(0.0, 0.0), (0.37, 0.81), (1.0, 1.0)])
def test_a_cut_is_pillows_box(gravity: tuple[float, float]) -> None:
    image = photograph(900, 600, seed=9)
    left = min(max(gravity[0] * 900 - 200, 0), 500)
    expected = image.resize((200, 300), Image.Resampling.LANCZOS, box=(left, 0, left + 400, 600))
    found = pixels(encoded(image), Options(200, 300, "cover", gravity, format="png"))
    assert np.abs(luma(found) - luma(expected)).max() <= 2
