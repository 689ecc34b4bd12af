"""The URL of a PostgreSQL database, as the driver and as the programs of PostgreSQL take it."""

import os

import sqlalchemy as sa

from api.database_url import SECRET_PARAMETERS


def driver_url(url: str) -> str:
    """Return the URL for asyncpg, which reads the parameters of libpq. `ssl` is another name of `sslmode`.

    Source: PostgreSQL, "Connection URIs"; asyncpg, `connect`.
    """
    plain = _plain(url)
    if (mode := plain.query.get("ssl")) is not None:
        plain = plain.difference_update_query(["ssl"]).update_query_dict({"sslmode": mode})
    # Otherwise asyncpg would send it to the server as a setting.
    return plain.difference_update_query(["connect_timeout"]).render_as_string(hide_password=False)


def connect_seconds(url: str, default: float) -> float:
    """Return how long to wait for a connection: `connect_timeout`, or the default."""
    text = str(_plain(url).query.get("connect_timeout", ""))
    return float(text) if text.isascii() and text.isdigit() and int(text) else default


def public_url(url: str) -> str:
    """Return the URL for a command line, without what the list of processes must not show."""
    # `set(password=None)` sets none, and stars in its place would be taken for the password.
    plain = sa.make_url(driver_url(url))._replace(password=None)
    return plain.difference_update_query(SECRET_PARAMETERS).render_as_string(hide_password=False)


def no_store_at(url: str) -> str:
    """Return the sentence that says in which database no store is, and how to name another."""
    return (
        f"there is no store in the database {public_url(url)}: name another one with "
        "FASTTRACK_DATABASE_URL or --database-url, or create the store with: fasttrack migrate"
    )


def password_environment(url: str) -> dict[str, str]:
    """Return this process's environment with the password for a program of PostgreSQL."""
    password = _plain(url).password or _plain(url).query.get("password")
    return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}


def _plain(url: str) -> sa.URL:
    return sa.make_url(url).set(drivername="postgresql")
