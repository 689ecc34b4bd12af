"""An event has the same cells, whether it comes in a batch or alone."""

from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given

from api.storage.event_packing import NULLABLE, PACKED, field_cells, pack, unpacked
from domain.event_columns import EventColumns
from domain.events import EventFields, parse_fields
from tests.api.routes.test_round_trips import MEMBERS

RECIFE = ZoneInfo("America/Recife")


def as_text(name: str, cell: Any) -> str:
    """Return a cell as a chunk has it."""
    assert cell is not None or name in NULLABLE
    return "" if cell is None else str(cell)


@given(MEMBERS)
def test_a_replaced_event_has_the_same_cells_as_in_a_batch(members: dict[str, Any]) -> None:
    event = parse_fields(members, timezone=RECIFE)
    if not isinstance(event, EventFields):
        return
    (chunk,) = pack(EventColumns.of([event])).chunks
    alone = [as_text(name, cell) for name, cell in zip(PACKED, field_cells(event), strict=True)]
    assert alone == unpacked(chunk)
