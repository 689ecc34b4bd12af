"""The request from the server to the unpacking process."""

from msgspec import Struct

from domain.imports import ImportOptions

ALL_ROWS = 1_048_576
"""More rows than a sheet can have are none."""


class Request(Struct, frozen=True):
    """The file to read.

    Attributes:
        options: of the import: `sheet` by name or number, and by what a header is recognised.
    """

    options: ImportOptions = ImportOptions()
    most_rows: int = ALL_ROWS
    count_rows: bool = False
