"""A damaged file gives its rows or a clear fault, whenever the damage shows; never a fault of ours."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest

from api.unpacking.fault import LATE_FAULT
from tests.api.unpacking.test_sheets import CORPUS, CSV, HEADER, workbook, zip_of

# Forks for each file: what it imports takes longer than all of them.
PROGRAM = """
import os, random, sys, tempfile
import api.unpacking.__main__ as program
whole, count = open(sys.argv[1], "rb").read(), int(sys.argv[2])
chance = random.Random(count + len(whole))
for number in range(count):
    damaged, at = bytearray(whole), chance.randrange(len(whole))
    kind = number % 4
    if kind == 0:
        for _ in range(chance.choice((1, 3, 20))):
            damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
    elif kind == 1:
        del damaged[at:]
    elif kind == 2:
        damaged[at : at + 512] = bytes(min(512, len(whole) - at))
    else:
        del damaged[at : at + chance.choice((1, 2, 100))]
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(damaged)
        source.seek(0)
        if not (child := os.fork()):
            os.dup2(source.fileno(), 0)
            os.dup2(target.fileno(), 1)
            sys.stdin, sys.stdout, sys.argv = open(0), open(1, "w"), ["unpacking", "{}"]
            try:
                program.main()
            except SystemExit as end:
                sys.stdout.flush()
                os._exit(end.code)
            except MemoryError:
                os._exit(12)
            except BaseException:
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        target.seek(0)
        lines = target.read().split(b"\\n")
        last = (lines[-2:-1] or [b""])[0]
        print(number, code, lines[0].startswith(b'{"fault"'), last.startswith(b'{"fault"'))
"""


def packed(name: str) -> bytes:
    if name == "xlsx":
        return workbook(HEADER, ["A", "#N/A", "Recife"])
    return zip_of(("a.csv", CSV * 50)) if name == "zip" else (CORPUS / f"agenda.{name}").read_bytes()


@pytest.mark.parametrize("form", ["xlsx", "xls", "xlsb", "ods", "zip"])
def test_any_damage_gives_rows_or_a_fault(form: str, tmp_path: Path) -> None:
    source = tmp_path / "whole"
    source.write_bytes(packed(form))
    command = [sys.executable, "-c", PROGRAM, str(source), "60"]
    ended = subprocess.run(command, capture_output=True, check=True, timeout=240, text=True)
    outcomes = [line.split() for line in ended.stdout.splitlines()]
    assert len(outcomes) == 60
    for _, code, is_fault, ends_by_fault in outcomes:
        # 12 and the signals are of bounds: the file claims more than it may have.
        assert int(code) in (0, LATE_FAULT, 12, -6, -9, -11, -24), ended.stderr
        assert is_fault == "False" or int(code) == 0
        assert (int(code) == LATE_FAULT) == (ends_by_fault == "True" and is_fault == "False")


def late_damage() -> bytes:
    """Return a ZIP whose file is damaged behind what is read to know its kind."""
    content = bytearray()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.csv", CSV + b"B,2025-07-02,Olinda\n" * 200_000)
    content += target.getvalue()
    content[3_000_000] ^= 1
    return bytes(content)


def test_a_fault_that_shows_late_is_the_last_line_and_the_exit_code_says_so() -> None:
    command = [sys.executable, "-m", "api.unpacking", "{}"]
    ended = subprocess.run(command, input=late_damage(), capture_output=True, check=False, timeout=60)
    assert ended.returncode == LATE_FAULT
    assert ended.stdout.startswith(b'{"kind":"csv"')
    last = msgspec.json.decode(ended.stdout.splitlines()[-1])
    assert (last["fault"]["code"], last["fault"]["rule"]) == ("not_text", "damaged_file")
