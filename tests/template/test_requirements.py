"""What the layers bring: what pyproject.toml asks for, pinned and hashed, from nowhere in particular."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from local_cloud.deployment import TEMPLATE

LAYERS = TEMPLATE.parent / "layers"
FILES = sorted(LAYERS.glob("*/requirements.txt"))
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9a-z.]*)(?P<hashes>( --hash=sha256:[0-9a-f]{64})+)")


def pins(text: str) -> dict[str, str]:
    """Name and version of every requirement; anything else than a hashed pin or a comment is an error."""
    found = {}
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            match = PIN.fullmatch(re.sub(r"\s+", " ", line.strip()))
            assert match, line
            found[match["name"]] = match["version"]
    return found


def test_one_layer_holds_each_thing_that_the_project_asks_for() -> None:
    asked = tomllib.loads((TEMPLATE.parent / "pyproject.toml").read_text())["project"]["dependencies"]
    layers = [pins(file.read_text()) for file in FILES]
    assert len(asked) > 5
    for requirement in map(Requirement, asked):
        name = canonicalize_name(requirement.name)
        [version] = [layer[name] for layer in layers if name in layer]
        assert requirement.specifier.contains(version), name


def test_nothing_is_in_two_layers() -> None:
    """Layers are merged into one folder: the later one would win, file by file."""
    found: dict[str, set[str]] = {}
    for file in FILES:
        for name, version in pins(file.read_text()).items():
            found.setdefault(name, set()).add(f"{file.parent.name} {version}")
    assert len(found) > 20
    twice = {name: places for name, places in found.items() if len(places) > 1}
    # SAM installs each layer by itself, with all that it wants: the same version does no harm.
    assert twice.keys() == {"typing-extensions"}
    assert len({place.split()[1] for place in twice["typing-extensions"]}) == 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_every_requirement_is_pinned_and_hashed_and_no_registry_is_named(file: Path) -> None:
    text = file.read_text()
    pins(text)
    assert "://" not in text
    assert "index" not in text


@pytest.mark.parametrize(
    "line", ["openai", "openai>=3", "openai==3.52.0", "-i https://x", "openai @ https://x --hash=sha256:0"]
)
def test_a_looser_requirement_is_found(line: str) -> None:
    with pytest.raises(AssertionError):
        pins(line)
