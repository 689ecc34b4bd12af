"""The unpacking program: a container on standard input, its table or its file on standard output.

Runs in a process that may end in any way, for the maker of the file may have meant harm: memory and
time are bounded, and nothing of the server but the rules of the domain is imported. The first line
that it writes is an object: a `fault`; or what the table is of, with one row a line after it, as
`domain.files.sheet_reader` reads them; or the `kind` of a file of text whose bytes follow. A fault that
shows later is the last line, and the exit code says so.
Argument: a `Request` as JSON.
"""

import os
import resource
import sys
from typing import Any

import msgspec

from api.unpacking.archive import PlainFile, file_told, opened, pieces
from api.unpacking.epoch import counts_from_1904
from api.unpacking.fault import OUT_OF_MEMORY, write_line
from api.unpacking.request import Request
from api.unpacking.sheets import marks_of, open_sheet, row_lines

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 120
READER_GONE = 14
"""The exit code where nobody reads what is written any more."""


def main() -> None:
    """Read the container, and write its content or the fault."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    request = msgspec.json.decode(sys.argv[1], type=Request)
    found = opened(sys.stdin.buffer.read())
    if isinstance(found, PlainFile):
        write_line({"kind": found.kind, "file": file_told(found.entry.filename, found.others)})
        for piece in pieces(found.archive, found.entry):
            sys.stdout.buffer.write(piece)
    else:
        chosen = open_sheet(found, request.options, count_rows=request.count_rows)
        marks = marks_of(found, chosen)
        head: dict[str, Any] = {"format": found.format, "sheet": chosen.sheet.name, "number": chosen.number}
        head |= {"sheets": chosen.sheets, "others": chosen.others, "is_1904": counts_from_1904(found)}
        write_line({**head, "file": file_told(found.file, found.others)} if found.file else head)
        for line in row_lines(chosen.sheet, marks, request.most_rows):
            write_line(line)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    except BrokenPipeError:
        # The server is gone. What is left in the buffer cannot be written at the exit, either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(READER_GONE)
