"""How near a small picture is to the ideal one: luma SSIM against a LANCZOS resize in double precision.

SSIM: Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from error visibility to
structural similarity", IEEE Transactions on Image Processing 13 (2004); Gaussian window of 11 pixels, sigma 1.5.
"""

import io
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageCms, ImageOps

type Plane = np.ndarray[tuple[int, int], np.dtype[np.float64]]

LUMA: Final = np.array([0.299, 0.587, 0.114])
"""ITU-R BT.601, as in JPEG."""
ROWS: Final = 256
"""Rows that are in double precision at a time."""


def reference(source: Path, size: tuple[int, int], *, faithful: bool) -> Plane:
    """Return the luma that `source` should have at `size` (width, height), 0 to 255, on white.

    `faithful` heeds orientation and colour profile; a contender that ignores these is held against what it ignores.
    """
    with Image.open(source) as image:
        picture = _faithful(image) if faithful else image
        pixels = np.asarray(picture.convert("RGBA" if picture.has_transparency_data else "RGB"))
    width, height = size
    across = lanczos(pixels.shape[1], width).T
    narrow = np.concatenate([_luma(pixels[row : row + ROWS]) @ across for row in range(0, len(pixels), ROWS)])
    ideal: Plane = np.clip(lanczos(pixels.shape[0], height) @ narrow, 0, 255)
    return ideal


def lanczos(length: int, size: int) -> Plane:
    """Return the matrix, (size, length), that resamples `length` values to `size`, with a support of three pixels."""
    scale = max(1.0, length / size)
    centres = (np.arange(size) + 0.5) * length / size
    distance = (np.arange(length) + 0.5 - centres[:, None]) / scale
    weights = np.sinc(distance) * np.sinc(distance / 3) * (np.abs(distance) < 3)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(weights)


def luma(path: Path) -> Plane:
    """Return a picture's luma, 0 to 255, (height, width)."""
    with Image.open(path) as image:
        return _luma(np.asarray(image.convert("RGB")))


def ssim(one: Plane, other: Plane) -> float:
    """Return the mean structural similarity of two planes of one shape, levels 0 to 255; 1 is the same."""
    steady, contrast = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean, other_mean = _window(one), _window(other)
    variance = _window(one**2) - mean**2
    other_variance = _window(other**2) - other_mean**2
    together = _window(one * other) - mean * other_mean
    above = (2 * mean * other_mean + steady) * (2 * together + contrast)
    below = (mean**2 + other_mean**2 + steady) * (variance + other_variance + contrast)
    return float(np.mean(above / below))


def _window(plane: Plane) -> Plane:
    """Gaussian means of every 11 × 11 window that lies within the plane."""
    weights = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    weights /= weights.sum()
    rows = plane.shape[0] - 10
    plane = np.add.reduce([weight * plane[start : start + rows] for start, weight in enumerate(weights)])
    columns = plane.shape[1] - 10
    means: Plane = np.add.reduce([weight * plane[:, start : start + columns] for start, weight in enumerate(weights)])
    return means


def _luma(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Plane:
    light = pixels[..., :3] @ LUMA
    if pixels.shape[2] == 4:
        opaque = pixels[..., 3] / 255
        light = light * opaque + 255 * (1 - opaque)
    return np.asarray(light)


def _faithful(image: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(image)
    profile = image.info.get("icc_profile")
    if not profile:
        return upright
    source, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(upright, source, srgb, outputMode="RGB") or upright
