"""The synthesised pictures: as hard as a camera's, each of its kind, and the same every time."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps

from local_cloud.world.pictures import camera_jpeg, cut_out, display_p3, photograph, poster

SIZE = (641, 479)


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def apart(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference, levels."""
    return float(np.abs(np.asarray(one, np.float32) - np.asarray(other, np.float32)).mean())


def test_a_photograph_is_the_same_for_the_same_seed_only() -> None:
    picture = photograph(*SIZE, seed=1)
    assert (picture.size, picture.mode) == (SIZE, "RGB")
    assert picture.tobytes() == photograph(*SIZE, seed=1).tobytes()
    assert apart(picture, photograph(*SIZE, seed=2)) > 20


@pytest.mark.parametrize("seed", range(3))
def test_a_photograph_takes_the_bytes_of_a_cameras(seed: int) -> None:
    content = camera_jpeg(1501, 1125, seed)
    assert 2.3 < len(content) * 8 / (1501 * 1125) < 3.6


def test_the_amplitude_spectrum_falls_as_photographs_do() -> None:
    light = np.asarray(photograph(1024, 1024, seed=3).convert("L"), np.float64)
    amplitude = np.abs(np.fft.fft2((light - light.mean()) * np.outer(np.hanning(1024), np.hanning(1024))))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(1024), np.fft.fftfreq(1024)))
    bands = [0.01 * 2 ** (octave / 2) for octave in range(8)]
    means = [amplitude[(frequency >= low) & (frequency < low * 2**0.5)].mean() for low in bands]
    slope = np.polyfit(np.log(bands), np.log(means), 1)[0]
    assert -1.5 <= slope <= -0.8


def test_colour_channels_go_together_without_being_the_same() -> None:
    channels = np.asarray(photograph(*SIZE, seed=4)).reshape(-1, 3).T
    together = np.corrcoef(channels)[np.triu_indices(3, 1)]
    assert 0.5 < together.min() < together.max() < 0.99


def test_some_parts_are_sharp_and_some_are_not() -> None:
    light = np.asarray(photograph(1024, 768, seed=5).convert("L"), np.float64)
    steps = np.abs(np.diff(light, axis=1))[:, :960].reshape(12, 64, 15, 64).mean(axis=(1, 3))
    assert np.quantile(steps, 0.9) > 2.5 * np.quantile(steps, 0.1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_jpeg_is_upright_once_turned(orientation: int) -> None:
    image = opened(camera_jpeg(*SIZE, seed=6, orientation=orientation))
    assert image.size == (SIZE if orientation < 5 else SIZE[::-1])
    assert image.getexif()[ExifTags.Base.Orientation] == orientation
    upright = ImageOps.exif_transpose(image)
    assert upright.size == SIZE
    assert apart(upright, photograph(*SIZE, seed=6)) < 8


def test_a_camera_jpeg_tells_where_when_and_with_what_it_was_taken() -> None:
    image = opened(camera_jpeg(64, 48, taken="2024:02:29 23:59:59", offset="-03:00"))
    exif = image.getexif()
    details, position = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    assert (exif[ExifTags.Base.Make], exif[ExifTags.Base.Model]) == ("Fanfare", "Sample Camera")
    assert details[ExifTags.Base.DateTimeOriginal] == "2024:02:29 23:59:59"
    assert details[ExifTags.Base.OffsetTimeOriginal] == "-03:00"
    assert position[ExifTags.GPS.GPSLatitude] == (48, 52, 36)
    assert position[ExifTags.GPS.GPSLongitudeRef] == "W"
    assert "icc_profile" not in image.info


def test_a_wide_gamut_jpeg_carries_display_p3() -> None:
    profile = opened(camera_jpeg(64, 48, wide_gamut=True)).info["icc_profile"]
    assert profile == display_p3()
    red = Image.new("RGB", (1, 1), (234, 51, 35))  # sRGB's red in Display P3
    grey = Image.new("RGB", (1, 1), (128, 128, 128))
    source, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    assert ImageCms.getProfileDescription(source).startswith("Display P3")
    assert pixel(ImageCms.profileToProfile(red, source, srgb)) == pytest.approx((255, 0, 0), abs=2)
    assert pixel(ImageCms.profileToProfile(grey, source, srgb)) == pytest.approx((128, 128, 128), abs=1)


def pixel(image: Image.Image | None) -> object:
    assert image is not None
    return image.getpixel((0, 0))


def test_a_cut_out_is_opaque_inside_transparent_outside_and_soft_between() -> None:
    image = opened(cut_out(*SIZE, seed=7))
    assert (image.format, image.mode, image.size) == ("PNG", "RGBA", SIZE)
    alpha = np.asarray(image.getchannel("A"))
    assert alpha[0, 0] == 0
    assert alpha[SIZE[1] // 2, SIZE[0] // 2] == 255
    assert 0.02 < np.mean((alpha > 16) & (alpha < 240)) < 0.3


def test_a_poster_is_made_from_its_name() -> None:
    image = opened(poster("Night Ferry", 342, 513))
    assert (image.format, image.size) == ("JPEG", (342, 513))
    assert poster("Night Ferry") == poster("Night Ferry")
    assert apart(opened(poster("Night Ferry")), opened(poster("Day Ferry"))) > 10


@pytest.mark.parametrize("name", ["", "七人の侍", "A" * 200])
def test_any_name_makes_a_poster(name: str) -> None:
    assert opened(poster(name, 92, 138)).size == (92, 138)


def test_a_poster_needs_no_numpy() -> None:
    program = (
        "import sys; from local_cloud.world import pictures; pictures.poster('x'); sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
