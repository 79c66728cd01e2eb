"""Build what is deployed: `sam build`, then bytecode that Lambda can use, then a check of the sizes.

Lambda mounts code read-only and does not keep modification times, so Python would compile every module at every cold
start. Bytecode with an unchecked hash is taken as it is: https://docs.python.org/3/library/py_compile.html
"""

import argparse
import compileall
import os
import py_compile
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from rich.console import Console
from samtranslator.yaml_helper import yaml_parse

from local_cloud.deployment import TEMPLATE

ROOT: Final = TEMPLATE.parent
OUTPUT: Final = ROOT / ".aws-sam" / "build"
SAM: Final = ("uvx", "--quiet", "--from", "aws-sam-cli==1.170.0", "sam")
LIMIT: Final = 250 * 1024 * 1024
"""Bytes of a function with its layers, unpacked: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

_NOT_NEEDED: Final = ("**/__pycache__", "python/**/tests", "python/*/test", "python/bin")
_SERVICES: Final = "python/botocore/data"
"""A folder for each service of AWS; most of boto3's weight."""
_CALLED: Final = re.compile(r'\bclient\("([a-z0-9-]+)"\)')


class BuildError(RuntimeError):
    """The SAM CLI failed, a module does not compile, or a function is too large."""


@dataclass(frozen=True)
class Artifact:
    """One function as built: the folder that becomes /var/task and those that are merged into /opt."""

    function: str
    code: Path
    layers: tuple[Path, ...]

    @property
    def bytes(self) -> int:
        """Unpacked size of the function with its layers."""
        return sum(file.stat().st_size for folder in (self.code, *self.layers) for file in folder.rglob("*"))


def build(architecture: str = "x86_64", output: Path = OUTPUT) -> list[Artifact]:
    """Build every function and layer for `architecture` (x86_64 or arm64) into `output`; raises `BuildError`.

    The template in `output` takes that architecture as its default, so that it is deployed as it was built.
    """
    _sam("build", "--build-dir", str(output), "--parameter-overrides", f"Architecture={architecture}")
    template = yaml_parse((output / "template.yaml").read_text())
    template["Parameters"]["Architecture"]["Default"] = architecture
    (output / "template.yaml").write_text(yaml.safe_dump(template, sort_keys=False))
    built = artifacts(output)
    for folders, mounted_at in (
        ({artifact.code for artifact in built}, "/var/task"),
        ({layer for artifact in built for layer in artifact.layers}, "/opt"),
    ):
        for folder in folders:
            _slim(folder)
            _compile(folder, mounted_at)
    for artifact in built:
        if artifact.bytes > LIMIT:
            raise BuildError(f"{artifact.function} has {artifact.bytes} bytes with its layers, Lambda takes {LIMIT}")
    return built


def artifacts(output: Path = OUTPUT) -> list[Artifact]:
    """What a build left in `output`."""
    template = yaml_parse((output / "template.yaml").read_text())

    def folder(logical_id: str, name: str) -> Path:
        return output / str(template["Resources"][logical_id]["Properties"][name])

    return [
        Artifact(function, folder(function, "CodeUri"), tuple(folder(layer, "ContentUri") for layer in layers))
        for function, layers in _layers(template).items()
    ]


def _layers(template: dict[str, Any]) -> dict[str, list[str]]:
    """Logical ids of each function's layers: to those for all functions SAM adds its own."""
    return {
        logical_id: [
            layer["Ref"]
            for layer in (*template["Globals"]["Function"]["Layers"], *resource["Properties"].get("Layers", ()))
        ]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def lacking(output: Path = OUTPUT) -> str:
    """Why what is in `output` stands for nothing: never built, or from other sources. Empty if it is up to date."""
    command = "run `uv run fanfare build` first"
    if not (output / "template.yaml").exists():
        return f"nothing is built: {command}"
    template = yaml_parse(TEMPLATE.read_text())
    layers = _layers(template)
    if layers != _layers(yaml_parse((output / "template.yaml").read_text())):
        return f"built before {TEMPLATE.name} changed: {command}"
    folders = {artifact.code: ROOT / "functions" for artifact in artifacts(output)}
    for layer in {layer for used in layers.values() for layer in used}:
        folders[output / layer / "python"] = ROOT / template["Resources"][layer]["Properties"]["ContentUri"]
    for built, source in folders.items():
        for file in source.rglob("*"):
            if not file.is_file() or "__pycache__" in file.parts:
                continue
            copy = built / file.relative_to(source)
            if not copy.exists() or copy.read_bytes() != file.read_bytes():
                return f"built before {file.relative_to(ROOT)} changed: {command}"
    return ""


def validate() -> None:
    """Check template.yaml as `sam validate --lint` does; raises `BuildError` with what is wrong."""
    _sam("validate", "--lint", "--template-file", str(TEMPLATE))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="fanfare build", description="Build what `sam deploy` deploys.")
    parser.add_argument(
        "--arch", choices=["x86_64", "arm64"], default="x86_64", help="processor (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    console = Console(highlight=False)
    try:
        with console.status("checking template.yaml"):
            validate()
        console.print("template.yaml is valid")
        with console.status(f"building for {options.arch}: the first time takes a minute"):
            built = build(options.arch)
    except BuildError as error:
        console.print(str(error), markup=False)
        raise SystemExit(1) from error
    for artifact in built:
        console.print(f"{artifact.function:24} {artifact.bytes / 2**20:6.1f} of 250 MB with its layers")
    console.print(f"built for {options.arch} in {OUTPUT.relative_to(ROOT)}; next: sam deploy")


def _sam(*arguments: str) -> None:
    """Run the SAM CLI in the project's folder; raises `BuildError` with its output."""
    environment = os.environ | {
        "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
        # `sam build` looks for python3.13 itself; a virtual environment's has no pip.
        "PATH": f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
    }
    run = subprocess.run(
        [*SAM, *arguments],
        cwd=ROOT,
        env=environment,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if run.returncode:
        raise BuildError(f"sam {arguments[0]} failed:\n{run.stdout.strip()}")


def called_services() -> set[str]:
    """Services of AWS of which the code makes clients."""
    files = (file for folder in (ROOT / "functions", ROOT / "layers" / "common") for file in folder.rglob("*.py"))
    return {service for file in files for service in _CALLED.findall(file.read_text(encoding="utf-8"))}


def _slim(folder: Path) -> None:
    """Take out what is never used, so that it need not be loaded, kept in snapshots or paid for."""
    unneeded = [found for pattern in _NOT_NEEDED for found in folder.glob(pattern)]
    called = called_services()
    unneeded += [each for each in folder.glob(f"{_SERVICES}/*/") if each.name not in called]
    for each in unneeded:
        shutil.rmtree(each, ignore_errors=not each.exists())  # it may have been within another


def _compile(folder: Path, mounted_at: str) -> None:
    """Replace the bytecode in `folder` by one that needs no source times and names the paths Lambda sees."""
    compiled = compileall.compile_dir(
        folder,
        quiet=1,
        stripdir=str(folder),
        prependdir=mounted_at,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not compiled:
        raise BuildError(f"a module in {folder} does not compile")


if __name__ == "__main__":
    main()
