"""Types of columns that both databases have."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


class WithoutNul(sa.types.TypeDecorator[str]):
    """Text of PostgreSQL, which refuses NUL even where it is only looked for.

    Nothing stored has one, so what is sought with one must not be found: as little as with a
    noncharacter in its place.
    """

    impl = postgresql.TEXT
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        """Return the text without NUL."""
        return value and value.replace("\0", "\ufffe")


Text = sa.Text().with_variant(WithoutNul(collation="C"), "postgresql")
Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
