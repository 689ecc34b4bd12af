"""Bundles our ES modules into one script, so that a phone loads one file instead of fifty.

There is no build step: the server joins the modules at its start. Each becomes a function that runs
once, after those it imports. Only the forms that our modules use are understood; any other is refused,
so that a test finds it.
Source: ECMA-262 §16.2, "Modules".
"""

import re
from collections.abc import Callable, Iterator
from posixpath import dirname, join, normpath

Read = Callable[[str], str]
"""Gives the text of a module by its path below the folder of static files, as ``page/main.js``."""

_IMPORT = re.compile(
    r'^import (?:(?P<default>\w+)|\{(?P<names>[^}]*)\}) from "(?P<path>[^"]+)";$', re.MULTILINE
)
_EXPORT = re.compile(
    r"^export (?P<declared>(?:async )?(?:function\*?|class|const) (?P<name>\w+))"
    r"|^export (?P<default>default )",
    re.MULTILINE,
)
_LEFT_OVER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


class ModuleError(Exception):
    """A module uses a form that is not understood, or modules import each other in a circle."""


def bundle(entry: str, read: Read) -> str:
    """Return the entry module and all that it imports as one classic script, which runs like the modules.

    Raises:
        ModuleError: as its docstring says.
    """
    order = list(_in_order(entry, read, done=set(), under_way=()))
    names = {path: f"_{number}" for number, path in enumerate(order)}
    parts = [f"const {names[path]} = (() => {{\n{_body(path, read(path), names)}}})();\n" for path in order]
    return '(() => {\n"use strict";\n' + "".join(parts) + "})();\n"


def _in_order(path: str, read: Read, *, done: set[str], under_way: tuple[str, ...]) -> Iterator[str]:
    """Yield a module after those it imports, each once."""
    if path in under_way:
        raise ModuleError(f"modules import each other: {' → '.join((*under_way, path))}")
    if path in done:
        return
    for found in _IMPORT.finditer(read(path)):
        yield from _in_order(_resolved(path, found["path"]), read, done=done, under_way=(*under_way, path))
    done.add(path)
    yield path


def _resolved(importer: str, path: str) -> str:
    """Return where an import leads: a path relative to its importer, or one of the server."""
    if path.startswith("/client/"):
        return path[1:]
    if path.startswith("/static/"):
        return path.removeprefix("/static/")
    if not path.startswith("."):
        raise ModuleError(f"{importer}: {path!r} is not a path of the page")
    return normpath(join(dirname(importer), path))


def _body(path: str, text: str, names: dict[str, str]) -> str:
    exported: list[str] = []

    def taken(found: re.Match[str]) -> str:
        source = names[_resolved(path, found["path"])]
        if found["default"]:
            return f"const {found['default']} = {source}.default;"
        members = ", ".join(
            part.strip().replace(" as ", ": ") for part in found["names"].split(",") if part.strip()
        )
        return f"const {{{members}}} = {source};"

    def given(found: re.Match[str]) -> str:
        if found["default"]:
            exported.append("default: _default")
            return "const _default = "
        exported.append(found["name"])
        return found["declared"]

    body = _EXPORT.sub(given, _IMPORT.sub(taken, text))
    if strange := _LEFT_OVER.search(body):
        raise ModuleError(f"{path}: {strange[0]!r} is not understood")
    # A classic script has none, and pages name their server themselves.
    body = body.replace("import.meta.url", '""')
    return f"{body}\nreturn {{{', '.join(exported)}}};\n"
