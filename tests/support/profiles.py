"""Colour profiles made from their definitions, and what a colour in them is in sRGB, computed in double precision.

Layout after ICC.1:2010 (version 4.3): header 7.2, tags 9 and 10; adaptation to D50 by Bradford's matrix, annex E.
"""

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

type Matrix = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
type Point = tuple[float, float]

D50: Final = (0.9642, 1.0, 0.8249)
_D65: Final = (0.3127, 0.3290)
_BRADFORD: Final = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@dataclass(frozen=True)
class Space:
    """An RGB space: its primaries' x and y, and its exponent; None means sRGB's curve."""

    red: Point
    green: Point
    blue: Point
    gamma: float | None = None

    def to_xyz(self) -> Matrix:
        """The matrix from linear light to XYZ under D50."""
        primaries = np.array([_xyz(each) for each in (self.red, self.green, self.blue)]).T
        white = _xyz(_D65)
        cones = (_BRADFORD @ np.array(D50)) / (_BRADFORD @ white)
        adapt = np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD
        return np.asarray(adapt @ (primaries * np.linalg.solve(primaries, white)))

    def linear(self, levels: tuple[int, ...]) -> Matrix:
        values = np.array(levels) / 255
        if self.gamma is not None:
            return np.asarray(values**self.gamma)
        return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


SRGB: Final = Space((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
DISPLAY_P3: Final = Space((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_RGB: Final = Space((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), 563 / 256)

_ON_PAPER: Final = {
    (0, 0, 0): (255, 128, 128),
    (0, 0, 1): (226, 120, 220),
    (0, 1, 0): (122, 200, 124),
    (0, 1, 1): (120, 190, 175),
    (1, 0, 0): (150, 92, 80),
    (1, 0, 1): (130, 64, 158),
    (1, 1, 0): (62, 150, 84),
    (1, 1, 1): (50, 128, 128),
}
INKS: Final = {(*inks, black): (0, 128, 128) if black else lab for inks, lab in _ON_PAPER.items() for black in (0, 1)}
"""What our imagined printer makes of full cyan, magenta, yellow and black: L*, a*, b* as eight bits encode them."""


def in_srgb(space: Space, levels: tuple[int, int, int]) -> list[float]:
    """What a colour is in sRGB; clipped where sRGB does not have it."""
    return _srgb(space.to_xyz() @ space.linear(levels))


def printed_in_srgb(inks: tuple[int, int, int, int]) -> list[float]:
    """What full inks are in sRGB."""
    light, a, b = INKS[inks]
    y = (light / 2.55 + 16) / 116
    curves = [y + (a - 128) / 500, y, y - (b - 128) / 200]
    ratios = [each**3 if each > 6 / 29 else (each - 4 / 29) * 3 * (6 / 29) ** 2 for each in curves]
    return _srgb(np.array(ratios) * D50)


def matrix_profile(space: Space, text: str = "made for a test", white: tuple[float, float, float] = D50) -> bytes:
    """An RGB profile of three primaries and a curve; older ones tell their screen's own white."""
    curve = (
        b"para" + struct.pack(">4xH2x5i", 3, *map(_fixed, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)))
        if space.gamma is None
        else _gamma(space.gamma)
    )
    tags = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz_tag, space.to_xyz().T.tolist()), strict=True))
    return _profile(
        b"mntr",
        b"RGB ",
        b"XYZ ",
        {**tags, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve), b"wtpt": _xyz_tag(white)},
        text,
    )


def grey_profile(gamma: float) -> bytes:
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _gamma(gamma)}, "grey")


def cmyk_profile() -> bytes:
    """A printer's profile: `INKS` at the corners of a table, straight lines between them (10.11, lut8Type)."""
    straight = bytes(range(256))
    identity = struct.pack(">9i", *map(_fixed, (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    corners = b"".join(bytes(INKS[inks]) for inks in sorted(INKS))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + straight * 4 + corners + straight * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table}, "printer")


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes], text: str) -> bytes:
    tags = {
        b"desc": b"mluc\0\0\0\0" + struct.pack(">2I4s2I", 1, 12, b"enUS", 2 * len(text), 28) + text.encode("utf-16-be"),
        b"cprt": b"text\0\0\0\0" + text.encode() + b"\0",
        b"wtpt": _xyz_tag(D50),
        **tags,
    }
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">2I", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    versions = (start + len(body), 0x04300000, kind, space, connection, b"acsp")
    header = struct.pack(">I4xI4s4s4s12x4s4x4x4x4x8xI3i48x", *versions, 1, *map(_fixed, D50))
    return header + struct.pack(">I", len(tags)) + table + body


def _srgb(xyz: Matrix) -> list[float]:
    linear = np.clip(np.linalg.inv(SRGB.to_xyz()) @ xyz, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return [float(value) for value in encoded * 255]


def _xyz(point: Point) -> Matrix:
    x, y = point
    return np.array([x / y, 1, (1 - x - y) / y])


def _fixed(number: float) -> int:
    """ICC's s15Fixed16Number."""
    return round(number * 65536)


def _xyz_tag(values: tuple[float, float, float] | list[float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *map(_fixed, values))


def _gamma(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH2x", 1, round(gamma * 256))
