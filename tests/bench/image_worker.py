"""One contender of `fanfare bench images` in a process of its own: JSON lines in, JSON lines out.

    {"source": PATH, "target": PATH}             make the picture small once: cpu and wall, seconds
    {"source": PATH, "threads": 2, "count": 20}  make it small `count` times on so many threads: wall, seconds

Files are read before and written after the clocks run. Nothing is imported that the contender does not need: its memory
is compared.
"""

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

type Small = Callable[[bytes], bytes]


def naive() -> Small:
    """What most code does, and what Pillow's documentation shows."""
    from PIL import Image

    def small(data: bytes) -> bytes:
        image = Image.open(io.BytesIO(data))
        if image.mode == "RGBA":
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)  # type: ignore[assignment]
        picture = image.convert("RGB")
        scale = min(1.0, 1024 / max(picture.size))
        size = round(picture.width * scale), round(picture.height * scale)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=85)
        return buffer.getvalue()

    return small


def fanfare() -> Small:
    """The bundle's own, with its defaults."""
    from fanfare.imaging import optimize

    return lambda data: optimize(data).body


def once(small: Small, data: bytes, target: Path) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    body = small(data)
    spent = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    target.write_bytes(body)
    return spent


def threaded(small: Small, data: bytes, *, threads: int, count: int) -> dict[str, float]:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        wall = time.perf_counter()
        list(pool.map(small, [data] * count))
        return {"wall": time.perf_counter() - wall}


def answer(small: Small, request: dict[str, Any]) -> dict[str, float]:
    data = Path(request["source"]).read_bytes()
    if "threads" in request:
        return threaded(small, data, threads=request["threads"], count=request["count"])
    return once(small, data, Path(request["target"]))


if __name__ == "__main__":
    contender = {"naive": naive, "fanfare": fanfare}[sys.argv[1]]()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(contender, json.loads(line))) + "\n")
        sys.stdout.flush()
