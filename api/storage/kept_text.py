"""Compiles kept statements for a driver: text, and parameters in order."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from api.storage.statements import is_kept

Binder = Callable[[Mapping[str, Any]], Sequence[Any]]
Process = Callable[[Any], Any]


class KeptText:
    """A compiled statement.

    Attributes:
        sql: its text.
        is_read: it changes nothing, so it may be interrupted and run again.
        bound: gives the parameters in their order; raises KeyError where one is missing.
    """

    def __init__(self, statement: sa.Executable, dialect: sa.Dialect) -> None:
        compiled: Any = statement.compile(  # type: ignore[attr-defined]  # every one we run is a clause.
            dialect=dialect, compile_kwargs={"render_postcompile": True}
        )
        self.sql: str = compiled.string
        self.is_read = isinstance(statement, sa.Select | sa.CompoundSelect)
        names = compiled.positiontup or []
        known = compiled.construct_params(_check=False)
        asked = {name for name, bind in compiled.binds.items() if bind.required}
        constants = {name: known[name] for name in names if name not in asked}
        self.bound = _processed(_binder(names, constants), [*_processes(compiled, names, asked, dialect)])
        self._make: Callable[[Sequence[Any]], Any] | None = None

    def made(self, names: Iterable[str], rows: Iterable[Any]) -> list[Any]:
        """Return rows whose columns have names."""
        if self._make is None:
            row: Any = namedtuple("Row", [*names], rename=True)  # type: ignore[misc]  # noqa: PYI024 - known to the database alone.
            self._make = row._make
        return [*map(self._make, rows)]


def _binder(names: Sequence[str], constants: Mapping[str, Any]) -> Binder:
    asked = len({*names} - constants.keys())

    def bound(parameters: Mapping[str, Any]) -> Sequence[Any]:
        if len(parameters) != asked:
            raise TypeError(f"{asked} parameters are asked for, and given are {', '.join(parameters)}")
        return pick({**constants, **parameters}) if constants else pick(parameters)

    match names:
        case []:
            pick: Binder = lambda _: ()  # noqa: E731 - as short as the others.
        case [name]:
            pick = lambda parameters: (parameters[name],)  # noqa: E731
        case _:
            pick = itemgetter(*names)
    return bound


def _processes(
    compiled: Any, names: Sequence[str], asked: set[str], dialect: sa.Dialect
) -> Iterable[tuple[int, Process]]:
    """Yield the place of each parameter whose type changes values on their way to the driver."""
    for place, name in enumerate(names):
        if name not in asked:
            continue
        process = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
        if process is not None:
            yield place, process


def _processed(bound: Binder, processes: Sequence[tuple[int, Process]]) -> Binder:
    if not processes:
        return bound

    def processed(parameters: Mapping[str, Any]) -> Sequence[Any]:
        values = [*bound(parameters)]
        for place, process in processes:
            values[place] = process(values[place])
        return values

    return processed


class KeptTexts:
    """The kept statements of one database, each compiled when it is first run."""

    def __init__(self, dialect: sa.Dialect) -> None:
        self._dialect = dialect
        self._texts: dict[sa.Executable, KeptText] = {}

    def of(self, statement: sa.Executable) -> KeptText | None:
        """Return the text of a kept statement, None of another."""
        text = self._texts.get(statement)
        if text is None and is_kept(statement):
            text = self._texts[statement] = KeptText(statement, self._dialect)
        return text
