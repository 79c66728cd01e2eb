"""What `fanfare build` made: small enough, for the right processor, and quick to import."""

import importlib.util
import re
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from local_cloud import build

GLIBC = (2, 34)
"""Of Amazon Linux 2023, on which python3.13 runs: https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html"""
MACHINES = {"x86_64": 62, "arm64": 183}
"""ELF's e_machine."""
LAYERS = 5
"""At most, of a function: https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html"""
TAGS = {"x86_64": "x86_64", "arm64": "aarch64"}

LACKING = build.lacking()
pytestmark = pytest.mark.skipif(bool(LACKING), reason=LACKING)


@pytest.fixture(scope="module")
def artifacts() -> list[build.Artifact]:
    return build.artifacts()


@pytest.fixture(scope="module")
def architecture() -> str:
    template = yaml_parse((build.OUTPUT / "template.yaml").read_text())
    return str(template["Parameters"]["Architecture"]["Default"])


@pytest.fixture(scope="module")
def files(artifacts: list[build.Artifact]) -> list[Path]:
    folders = {folder for artifact in artifacts for folder in (artifact.code, *artifact.layers)}
    return sorted(file for folder in folders for file in folder.rglob("*") if file.is_file())


def test_every_function_is_small_enough(artifacts: list[build.Artifact]) -> None:
    assert {artifact.function for artifact in artifacts} >= {"RecommendationFunction", "AuthorizerFunction"}
    for artifact in artifacts:
        assert 2 <= len(artifact.layers) <= LAYERS
        assert 2**20 < artifact.bytes <= build.LIMIT


def test_pictures_weigh_only_where_they_are_handled(artifacts: list[build.Artifact]) -> None:
    bytes_of = {artifact.function: artifact.bytes for artifact in artifacts}
    for name in ("ImagesFunction", "RecommendationFunction", "SongsFunction"):
        assert bytes_of[name] - bytes_of["OperationsFunction"] > 10 * 2**20
    with_pillow = {artifact.function for artifact in artifacts for layer in artifact.layers if [*layer.rglob("PIL")]}
    assert with_pillow == {"ImagesFunction", "RecommendationFunction", "SongsFunction"}


def test_the_engine_weighs_only_where_it_speaks(artifacts: list[build.Artifact]) -> None:
    bytes_of = {artifact.function: artifact.bytes for artifact in artifacts}
    assert bytes_of["SpeechFunction"] - bytes_of["OperationsFunction"] > 10 * 2**20
    for package in ("espeakng_loader", "lameenc*", "tinytag"):
        having = {each.function for each in artifacts for layer in each.layers if [*layer.glob(f"python/{package}")]}
        assert having == {"SpeechFunction"}, package


def test_decoders_weigh_only_where_sound_is_analysed(artifacts: list[build.Artifact]) -> None:
    bytes_of = {artifact.function: artifact.bytes for artifact in artifacts}
    assert bytes_of["AnalysisFunction"] - bytes_of["OperationsFunction"] > 100 * 2**20
    for package in ("av", "numpy", "soundfile.py"):
        having = {each.function for each in artifacts for layer in each.layers if [*layer.glob(f"python/{package}")]}
        assert having == {"AnalysisFunction"}, package


def test_of_aws_only_what_is_called_is_described(artifacts: list[build.Artifact]) -> None:
    data = {folder for artifact in artifacts for layer in artifact.layers for folder in layer.glob(build._SERVICES)}
    assert data
    for folder in data:
        described = {each.name for each in folder.iterdir() if each.is_dir()}
        assert described == build.called_services() > {"dynamodb", "s3"}


def test_nothing_of_a_science_stack_is_shipped(artifacts: list[build.Artifact]) -> None:
    packages = {each.name for artifact in artifacts for layer in artifact.layers for each in layer.glob("python/*")}
    assert "numpy" in packages
    assert not packages & {"scipy", "librosa", "cv2", "numba", "llvmlite", "sklearn", "pandas"}


def test_machine_code_is_for_the_right_processor(files: list[Path], architecture: str) -> None:
    libraries = [file for file in files if re.search(r"\.so(\.|$)", file.name)]
    assert libraries
    for library in libraries:
        head = library.read_bytes()[:20]
        assert head[:4] == b"\x7fELF"
        assert int.from_bytes(head[18:20], "little") == MACHINES[architecture], library


def test_machine_code_runs_with_lambda_s_c_library(files: list[Path]) -> None:
    for library in (file for file in files if re.search(r"\.so(\.|$)", file.name)):
        wanted = re.findall(rb"GLIBC_(\d+)\.(\d+)", library.read_bytes())
        assert max(((int(major), int(minor)) for major, minor in wanted), default=(0, 0)) <= GLIBC, library


def test_wheels_are_tagged_for_lambda(files: list[Path], architecture: str) -> None:
    compiled = 0
    for wheel in (file for file in files if file.name == "WHEEL"):
        tags = re.findall(r"^Tag: (\S+)$", wheel.read_text(), re.MULTILINE)
        if all(tag.endswith("-any") for tag in tags):
            continue
        compiled += 1
        assert all(tag.endswith(f"_{TAGS[architecture]}") for tag in tags), wheel
        for major, minor in re.findall(r"manylinux_(\d+)_(\d+)_", " ".join(tags)):
            assert (int(major), int(minor)) <= GLIBC, wheel
    assert compiled


def test_bytecode_is_there_and_taken_as_it_is(files: list[Path]) -> None:
    """Flags 1: named by a hash that is not checked, since source times are lost on the way to Lambda (PEP 552)."""
    sources = [file for file in files if file.suffix == ".py"]
    assert len(sources) > 500
    for source in sources:
        bytecode = Path(importlib.util.cache_from_source(str(source), optimization=""))
        head = bytecode.read_bytes()[:8]
        assert head[:4] == importlib.util.MAGIC_NUMBER, bytecode
        assert int.from_bytes(head[4:], "little") == 1, bytecode


def test_nothing_is_shipped_that_never_runs(files: list[Path], architecture: str) -> None:
    other_versions = rf"(?<!\.cpython-313)\.pyc$|cpython-(?!313)\d+.*\.so$|-(?!{TAGS[architecture]})\w+-linux-gnu\.so$"
    folders = r"/(tests?|local_cloud|pip|setuptools|bin|\.git|\.mypy_cache|\.pytest_cache)/"
    unneeded = rf"{other_versions}|/python/[^/]+{folders}|/python{folders}"
    assert [file for file in files if re.search(unneeded, str(file))] == []
