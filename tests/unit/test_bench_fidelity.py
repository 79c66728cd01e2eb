"""What the bench of the images measures likeness with."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.fidelity import Plane, lanczos, luma, reference, ssim
from local_cloud.world.pictures import camera_jpeg, cut_out, photograph


def plane(level: float) -> Plane:
    return np.full((32, 32), level)


def test_the_same_picture_is_wholly_alike() -> None:
    light = np.asarray(photograph(64, 48).convert("L"), np.float64)
    assert ssim(light, light) == pytest.approx(1)


def test_flat_planes_differ_by_the_luminance_term_alone() -> None:
    steady = (0.01 * 255) ** 2
    expected = (2 * 100 * 120 + steady) / (100**2 + 120**2 + steady)
    assert ssim(plane(100), plane(120)) == pytest.approx(expected)


def test_noise_lowers_likeness_by_the_contrast_term() -> None:
    noise = np.random.default_rng(1).normal(0, 20, (400, 400))
    contrast = (0.03 * 255) ** 2
    weights = np.exp(-(np.arange(-5, 6) ** 2) / 4.5)
    variance = 20**2 * (1 - (weights**2).sum() ** 2 / weights.sum() ** 4)  # a window's mean takes its share of it
    assert ssim(np.full((400, 400), 128.0), 128 + noise) == pytest.approx(contrast / (variance + contrast), abs=0.01)


@pytest.mark.parametrize(("length", "size"), [(301, 100), (1000, 333), (64, 64)])
def test_weights_are_those_of_pillows_lanczos(length: int, size: int) -> None:
    values = np.random.default_rng(2).uniform(0, 1000, (1, length)).astype(np.float32)
    theirs = np.asarray(Image.fromarray(values).resize((size, 1), Image.Resampling.LANCZOS))
    assert lanczos(length, size) @ values[0] == pytest.approx(theirs[0], abs=0.01)


def test_a_reference_is_what_pillow_makes_but_for_rounding(tmp_path: Path) -> None:
    source, small = tmp_path / "photo.jpg", tmp_path / "small.png"
    source.write_bytes(camera_jpeg(401, 299, seed=1, orientation=6))
    with Image.open(source) as image:
        image.convert("RGB").resize((75, 100), Image.Resampling.LANCZOS).save(small)
    lying = reference(source, (75, 100), faithful=False)
    assert np.abs(luma(small) - lying).mean() < 0.5
    assert reference(source, (100, 75), faithful=True).shape == (75, 100)


def test_a_faithful_reference_heeds_orientation_and_profile(tmp_path: Path) -> None:
    plain, turned, wide = (tmp_path / name for name in ("plain.jpg", "turned.jpg", "wide.jpg"))
    plain.write_bytes(camera_jpeg(200, 150, seed=2, quality=100))
    turned.write_bytes(camera_jpeg(200, 150, seed=2, quality=100, orientation=8))
    wide.write_bytes(camera_jpeg(200, 150, seed=2, quality=100, wide_gamut=True))
    ideal, upright, converted = (reference(path, (100, 75), faithful=True) for path in (plain, turned, wide))
    assert np.abs(ideal - upright).mean() < 1
    assert np.abs(ideal - converted).mean() > 1


def test_a_reference_stands_on_white(tmp_path: Path) -> None:
    source = tmp_path / "cut.png"
    source.write_bytes(cut_out(160, 120))
    ideal = reference(source, (80, 60), faithful=True)
    assert ideal[0, 0] == pytest.approx(255)
    assert ideal[30, 40] < 250
