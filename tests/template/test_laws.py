"""The laws of the house, held over the sources of functions/ and layers/."""

import ast
import sys
from collections.abc import Callable
from pathlib import Path

from local_cloud.deployment import TEMPLATE
from support.imports import Import, imports

FUNCTIONS = TEMPLATE.parent / "functions"
COMMON = TEMPLATE.parent / "layers" / "common"
FEATURES = {path.parent.name for path in FUNCTIONS.glob("*/__init__.py")}


def is_of(found: Import, *packages: str) -> bool:
    return found.module.partition(".")[0] in packages


def modules() -> list[Path]:
    return sorted([*FUNCTIONS.rglob("*.py"), *COMMON.rglob("*.py")])


def offenders(offends: Callable[[Path, Import], bool]) -> list[str]:
    """Every import of every module that breaks a law, with the place."""
    return [
        f"{path.relative_to(TEMPLATE.parent)}: {found.module}"
        for path in modules()
        for found in imports(path.read_text())
        if offends(path, found)
    ]


def test_fanfare_knows_no_feature_and_features_do_not_know_each_other() -> None:
    def own(path: Path) -> set[str]:
        return {path.relative_to(FUNCTIONS).parts[0]} if path.is_relative_to(FUNCTIONS) else set()

    assert offenders(lambda path, found: is_of(found, *FEATURES - own(path))) == []


def test_nothing_deployed_knows_what_is_not() -> None:
    not_deployed = {folder.name for folder in (TEMPLATE.parent / "tests").iterdir()} | {
        "awslambdaric",
        "moto",
        "pytest",
    }
    assert offenders(lambda _, found: is_of(found, *not_deployed)) == []


def test_the_aws_sdk_stays_in_its_rooms() -> None:
    def outside(path: Path) -> bool:
        return path != COMMON / "fanfare" / "aws.py" and not path.is_relative_to(COMMON / "fanfare" / "cache")

    assert offenders(lambda path, found: is_of(found, "boto3", "botocore") and outside(path)) == []


def test_what_is_slow_to_import_is_imported_where_it_is_needed() -> None:
    """A second of CPU for openai, 170 ms for boto3: a health check pays for neither."""

    def at_once(found: Import) -> bool:
        return found.at_run_time and not found.deferred

    assert offenders(lambda _, found: is_of(found, "openai", "boto3", "botocore") and at_once(found)) == []


def test_imports_are_absolute() -> None:
    """Relative ones would read the same in every folder, and the laws above would not see through them."""
    assert offenders(lambda _, found: found.module.startswith(".")) == []


def test_copyleft_libraries_are_loaded_by_a_program_of_their_own() -> None:
    """The engine (GPL) and the MP3 encoder (LGPL) share no process with the bundle, and that imports nothing of it."""
    worker = FUNCTIONS / "speech" / "engines" / "espeak_worker.py"
    assert offenders(lambda path, found: is_of(found, "ctypes", "lameenc") and path != worker) == []
    found = imports(worker.read_text())
    assert {each.module.partition(".")[0] for each in found} <= sys.stdlib_module_names | {"lameenc"}


def test_no_call_starts_a_loop_of_its_own() -> None:
    """A loop per invocation breaks every kept connection at the second one."""
    assert not [
        f"{path}:{node.lineno}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"asyncio.run", "asyncio.new_event_loop"}
    ]


def test_the_laws_see_what_they_look_for() -> None:
    assert len(modules()) > 20
    assert {"authorizer", "operations", "recommendation"} <= FEATURES
    source = """
from typing import TYPE_CHECKING
import openai.types as types
if TYPE_CHECKING:
    from openai import AsyncOpenAI
class Client:
    def make(self):
        if self:
            import openai
try:
    import boto3
except ImportError:
    from . import recommendation
"""
    assert imports(source) == [
        Import("typing.TYPE_CHECKING", at_run_time=True, deferred=False),
        Import("openai.types", at_run_time=True, deferred=False),
        Import("openai.AsyncOpenAI", at_run_time=False, deferred=False),
        Import("openai", at_run_time=True, deferred=True),
        Import("boto3", at_run_time=True, deferred=False),
        Import("..recommendation", at_run_time=True, deferred=False),
    ]
