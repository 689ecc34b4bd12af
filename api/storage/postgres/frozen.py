"""Ends connections of processes that do not go on in the middle of a statement.

The rows that such a process has locked would stay so for as long as it is frozen: an end of an idle
transaction is no end of a COPY that waits for its data, and neither is one of a statement's time
(`ProcessClientReadInterrupt` of PostgreSQL takes nothing there but an order to end).
"""

from datetime import timedelta

import sqlalchemy as sa

from api.storage.statements import kept

FROZEN_SECONDS = 15
"""So long a transaction may be idle, too."""

_ACTIVITY = sa.table(
    "pg_stat_activity",
    *map(sa.column, ("pid", "datname", "usename", "application_name", "state", "wait_event", "query_start")),
)

END_FROZEN = kept(
    sa.select(sa.func.pg_terminate_backend(_ACTIVITY.c.pid)).where(
        _ACTIVITY.c.datname == sa.func.current_database(),
        _ACTIVITY.c.usename == sa.text("current_user"),
        _ACTIVITY.c.application_name == sa.text("'fasttrack'"),
        _ACTIVITY.c.state == sa.text("'active'"),
        _ACTIVITY.c.wait_event == sa.text("'ClientRead'"),
        _ACTIVITY.c.query_start
        < sa.func.clock_timestamp() - sa.bindparam("for_so_long", type_=sa.Interval()),
        _ACTIVITY.c.pid != sa.func.pg_backend_pid(),
    )
)


def so_long() -> timedelta:
    """Return for how long a connection has waited for the rest of its statement when it is ended."""
    return timedelta(seconds=FROZEN_SECONDS)
