"""The columns that the members of records are, and the cells of a record in their order."""

from collections.abc import Sequence
from typing import Any

from domain.files.attendees import attendee
from domain.files.found_record import FoundRecord
from domain.files.member_values import cell_text, without_refused
from domain.files.shared_fields import SharedFields
from domain.rows.cells import Replacements
from domain.rows.columns import MAX_COLUMNS
from domain.rows.names import EITHER, LOCATION_NAME


class MemberColumns:
    """Names of members, each at its place; further names come behind the first ones."""

    def __init__(self, names: Sequence[str], replacements: Replacements) -> None:
        self._places: dict[str, int] = {}
        self._fields: dict[int, str] = {}
        self._shared: SharedFields | None = None
        self._replacements = replacements
        self.rename(names)

    def rename(self, names: Sequence[str]) -> None:
        """Take these names as the columns."""
        self._places = {name: at for at, name in enumerate(names)}

    def read_as(self, fields: dict[str, int]) -> None:
        """Note the field that each column is read as, by its place."""
        self._fields = {at: name for name, at in fields.items()}

    def share(self, shared: SharedFields) -> None:
        """Note which members stand in for each other."""
        self._shared = shared

    def lacks_any_of(self, record: FoundRecord) -> bool:
        """Return whether a record has a member that is no column, and could be one."""
        return len(self._places) < MAX_COLUMNS and not record.members.keys() <= self._places.keys()

    def missing(self, record: FoundRecord) -> list[str]:
        """Return the names of a record's members that are no columns yet, in order."""
        return [name for name in record.members if name not in self._places]

    def cells(self, record: FoundRecord) -> list[str]:
        """Return the texts of a record's members, each at its column.

        What is wrong with them, and what is left out, is noted in the record.
        """
        cells = [""] * len(self._places)
        members = self._shared.filled(record.members) if self._shared else record.members
        for name, value in members.items():
            at = self._places.get(name)
            if at is None:
                continue
            if type(value) is str:
                cells[at] = value
            elif value is not None:
                field = self._fields.get(at)
                is_people = field == "participants" and type(value) is list
                told = self._named(record, value) if is_people else value
                if record.problems and (told := self._without_refused(record, field, told)) is None:
                    continue
                cells[at], problems = cell_text(field, told)
                if problems and not self._is_replaced(field, cells[at]):
                    record.problems = [*record.problems, *problems]
        return cells

    def _is_replaced(self, field: str | None, cell: str) -> bool:
        """Return whether a text comes in the place of a value, whose type is thus no matter."""
        return self._replacements.replace(LOCATION_NAME if field == EITHER else field or "", cell)

    @staticmethod
    def _without_refused(record: FoundRecord, field: str | None, value: Any) -> Any:
        """Return a value without what the record is refused for; no rule is asked about that again."""
        value, refused = without_refused(field or "", value)
        if field:
            both = {EITHER: ("local_info", LOCATION_NAME)}.get(field, (field,))
            record.refused = [
                *record.refused,
                *(each.replace(field, one, 1) for each in refused for one in both),
            ]
        return value

    @staticmethod
    def _named(record: FoundRecord, people: list[Any]) -> list[Any]:
        """Return people as their names; objects that are no participant are left out, as in calendars."""
        names, notes = list[Any](), list[str]()
        for person in people:
            name, code = attendee(person) if type(person) is dict else (person, "")
            if code:
                notes.append(code)
            else:
                names.append(name)
        record.notes = [*record.notes, *notes]
        return names
