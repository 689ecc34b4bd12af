"""Ends processes of the database ("backends") that would go on later, or not at all."""

import logging
from datetime import datetime, timedelta

import sqlalchemy as sa

from api.storage.statements import kept
from api.storage.unit_of_work import Unit

FROZEN_SECONDS = 15
"""So long a client may leave a transaction idle, or a statement without the rest of its data."""

_ACTIVITY = sa.table(
    "pg_stat_activity",
    *map(sa.column, ("pid", "datname", "usename", "application_name", "state", "wait_event")),
    sa.column("backend_start", sa.TIMESTAMP(timezone=True)),
    sa.column("query_start", sa.TIMESTAMP(timezone=True)),
)
_END = sa.select(sa.func.pg_terminate_backend(_ACTIVITY.c.pid))
_END_FROZEN = kept(
    _END.where(
        _ACTIVITY.c.datname == sa.func.current_database(),
        _ACTIVITY.c.usename == sa.text("current_user"),
        _ACTIVITY.c.application_name == sa.text("'fasttrack'"),
        _ACTIVITY.c.state == sa.text("'active'"),
        _ACTIVITY.c.wait_event == sa.text("'ClientRead'"),
        _ACTIVITY.c.query_start < sa.func.clock_timestamp() - sa.bindparam("waited", type_=sa.Interval()),
        _ACTIVITY.c.pid != sa.func.pg_backend_pid(),
    )
)

_log = logging.getLogger(__name__)


async def end_one(unit: Unit, pid: int, started: datetime) -> bool:
    """Ask one to end; return whether it was there."""
    return bool(await unit.rows(_END.where(_ACTIVITY.c.pid == pid, _ACTIVITY.c.backend_start == started)))


async def end_frozen(unit: Unit) -> None:
    """End those of ours whose client does not go on in the middle of a statement; their locks end, too.

    No timeout does that: a COPY that waits for its data takes nothing but an order to end
    (`ProcessClientReadInterrupt` of PostgreSQL).
    """
    if ended := await unit.rows(_END_FROZEN, {"waited": timedelta(seconds=FROZEN_SECONDS)}):
        _log.warning("ended %d connections of frozen processes, which kept rows locked", len(ended))
