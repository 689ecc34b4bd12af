"""Imports that meet stored events: `python -m bench.merge [--stored N] [--rows N] [--database URL]`.

Prints rows a second, end to end over HTTP, and the CPU time of the server's own process, without that of
the process that reads the file: of new rows, of rows that are all stored already, and of rows that each
change one field. The store is made once, in the build folder.
"""

import argparse
import csv
import io
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.csv_file import HEADER, one_row, rows_file
from bench.http_load import cpu_seconds
from bench.imports import import_file
from bench.places import BUILD
from bench.real_server import call, fasttrack
from bench.servers import Running
from bench.stored import await_indexed

PLACES = {name: place for place, name in enumerate(HEADER)}


def _file(numbers: range, change: Callable[[list[str]], None]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for number in numbers:
        row = [*one_row(number)]
        change(row)
        writer.writerow(row)
    path = Path(tempfile.mkdtemp(prefix="bench-")) / "rows.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def _cases(stored: int, rows: int, salt: int) -> Iterator[tuple[str, str, Path]]:
    """Yield a name, the parameters and the file of each import. New rows are as many as the old ones."""
    # Each changes events of its own, or one would give back what another changed, too.
    first, second, third = (range(start, start + rows) for start in range(stored // 3, stored, rows)[:3])
    new = range(10 * stored + salt * rows, 10 * stored + (salt + 1) * rows)

    def capacity(row: list[str]) -> None:
        venue = json.loads(row[PLACES["local_info"]])
        row[PLACES["local_info"]] = json.dumps(venue | {"capacity": salt}, ensure_ascii=False)

    def set_to(name: str, value: str) -> Callable[[list[str]], None]:
        return lambda row: row.__setitem__(PLACES[name], value)

    yield "insert", "", _file(new, lambda _row: None)
    yield (
        "new rows by key",
        "&on_duplicate=update",
        _file(range(new.stop, new.stop + rows), lambda _row: None),
    )
    yield "unchanged", "&on_duplicate=update", _file(range(1, rows + 1), lambda _row: None)
    yield "skip", "&on_duplicate=skip", _file(range(1, rows + 1), lambda _row: None)
    yield "capacity changed", "&on_duplicate=update", _file(first, capacity)
    yield "participants changed", "&on_duplicate=update", _file(second, set_to("participants", f"Zoé {salt}"))
    yield "description changed", "&on_duplicate=update", _file(third, set_to("description", f"Nova {salt}."))


def _prepare(server: Running, stored: int) -> None:
    """Fill the store, once."""
    _, answer = call(server.port, "GET", "/api/v1/eventos?limit=1")
    if json.loads(answer)["total"] == 0:
        print(import_file(server, "stored", rows_file(stored)))
    print(await_indexed(server))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--database")
    arguments = parser.parse_args()
    folder = BUILD / f"merge-{arguments.stored}"
    folder.mkdir(parents=True, exist_ok=True)
    environment = {"FASTTRACK_DATA_DIR": str(folder)}
    if arguments.database:
        environment["FASTTRACK_DATABASE_URL"] = arguments.database
    salt = int(time.time()) % 100_000
    with fasttrack(environment=environment) as server:
        _prepare(server, arguments.stored)
        for name, options, file in _cases(arguments.stored, arguments.rows, salt):
            if name not in (arguments.only or name).split(","):
                continue
            upload_id = f"{name.replace(' ', '-')}-{salt}"
            before = cpu_seconds(server.pid)
            result = import_file(server, upload_id, file, options)
            taken = (cpu_seconds(server.pid) - before) / arguments.rows * 1e6
            rate = result.get("rows_per_second", 0)
            print(f"{name:22} {rate:9,.0f} rows/s {taken:5.1f} us CPU a row", result.get("counts", result))
            if "new" in name or name == "insert":
                call(server.port, "POST", f"/api/v1/uploads/{upload_id}/undo", b"{}")
            await_indexed(server)


if __name__ == "__main__":
    main()
