"""The closed list of variants that pictures are served in. Each comes as AVIF, WebP or JPEG, whatever is accepted."""

from typing import Final

from fanfare.imaging import Options

PRESETS: Final = {
    "thumb": Options(width=96, height=96, fit="cover", gravity="attention"),
    "poster": Options(width=342, height=513, fit="cover"),
    "poster-large": Options(width=780, height=1170, fit="cover"),
    "cover": Options(width=300, height=300, fit="cover"),
    "cover-large": Options(width=640, height=640, fit="cover"),
    "card": Options(width=640, height=360, fit="cover", gravity="attention"),
    "full": Options(width=1024, height=1024),
}
