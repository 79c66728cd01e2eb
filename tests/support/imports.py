"""What modules import, read from their source."""

import ast
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Import:
    module: str
    at_run_time: bool
    """False if it is only for type checkers."""
    deferred: bool
    """True inside a function: not read when the module is imported."""


def imports(source: str) -> list[Import]:
    return list(_imports(ast.parse(source), at_run_time=True, deferred=False))


def _imports(node: ast.AST, *, at_run_time: bool, deferred: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import(names=names):
                yield from (Import(alias.name, at_run_time, deferred) for alias in names)
            case ast.ImportFrom(module=module, level=level, names=names):
                base = f"{'.' * level}{module or ''}"
                yield from (Import(f"{base}.{alias.name}", at_run_time, deferred) for alias in names)
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from _imports(child, at_run_time=False, deferred=deferred)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield from _imports(child, at_run_time=at_run_time, deferred=True)
            case _:
                yield from _imports(child, at_run_time=at_run_time, deferred=deferred)


def reached(module: str, roots: Iterable[Path]) -> dict[str, Path]:
    """The modules under `roots` that run with `module`, at once or by a deferred import, and their files."""
    roots, found = list(roots), dict[str, Path]()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        # With a module run the packages around it; the last part may be a name inside a module.
        parts = name.split(".")
        for package in (".".join(parts[:end]) for end in range(1, len(parts) + 1)):
            if package in found or (file := _file(package, roots)) is None:
                continue
            found[package] = file
            waiting += _needed(file)
    return found


@functools.cache
def _needed(file: Path) -> list[str]:
    return [each.module for each in imports(file.read_text()) if each.at_run_time]


def _file(module: str, roots: Iterable[Path]) -> Path | None:
    path = module.replace(".", "/")
    files = (root / name for root in roots for name in (f"{path}.py", f"{path}/__init__.py"))
    return next(filter(Path.is_file, files), None)
