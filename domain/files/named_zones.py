"""Finds the offset of a time zone on a day, by the name that a file gives it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, tzinfo

from domain.dates.zones import iana_zone, offset_at, zone_named

_MOST_KNOWN = 1000
"""A file may write the name of one zone in any number of ways."""


class NamedZones:
    """Finds zones by the paths of IANA, as they are defined in the file, or by a sure name."""

    def __init__(
        self, definitions: Mapping[str, str] | None = None, *, may_guess: Callable[[str], bool] | None = None
    ) -> None:
        """Look also into definitions: TZID -> VTIMEZONE, which may grow.

        What a name means is believed only once `may_guess` says that no definition of it comes.
        """
        self._definitions = {} if definitions is None else definitions
        self._may_guess = may_guess
        self._known: dict[str, tzinfo] = {}

    def offset(self, name: str, moment: datetime) -> str | None:
        """Return the offset as `-03:00`; None for an unknown zone, or an offset with seconds."""
        zone = self.zone(name)
        return None if zone is None else offset_at(zone, moment)

    def zone(self, name: str) -> tzinfo | None:
        """Return a zone; None for one that is not known."""
        zone = self._known.get(name)
        if zone is None and (zone := self._found(name)) is not None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[name] = zone
        return zone

    def _found(self, name: str) -> tzinfo | None:
        for candidate in _names(name):
            if zone := iana_zone(candidate):
                return zone
        if name in self._definitions:
            return _defined(self._definitions[name])
        return zone_named(name) if self._may_guess is None or self._may_guess(name) else None

    def forget(self, name: str) -> None:
        """Look for a zone anew: it was defined."""
        self._known.pop(name, None)


def _names(name: str) -> Iterator[str]:
    """Yield a name, and what is left of one that is a path, as some programs write it."""
    parts = name.strip("/").split("/")
    for start in range(len(parts)):
        if candidate := "/".join(parts[start:]):
            yield candidate


def _defined(definition: str) -> tzinfo | None:
    from icalendar import Timezone  # noqa: PLC0415

    try:
        component = Timezone.from_ical(definition)
        if not isinstance(component, Timezone):
            return None
        zone: tzinfo = component.to_tz(lookup_tzid=False)
        zone.utcoffset(datetime(2000, 1, 1))  # noqa: DTZ001 - a wall clock.
    except Exception:  # noqa: BLE001 - foreign rules fail in many ways; the row reports it.
        return None
    return zone
