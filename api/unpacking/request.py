"""The request from the server to the unpacking process."""

from msgspec import Struct

from domain.imports import ImportOptions

ALL_ROWS = 1_048_576
"""More rows than a sheet can have are none."""


UNPACKED_BYTES = 512 * 1024 * 1024
"""Of a container's content, and of what is written of it."""


class Request(Struct, frozen=True):
    """The file to read.

    Attributes:
        options: of the import: `sheet` by name or number, and by what a header is recognised.
    """

    options: ImportOptions = ImportOptions()
    most_rows: int = ALL_ROWS
    count_rows: bool = False
