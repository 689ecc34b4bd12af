"""The file of a ZIP comes out whole and unchanged, or not at all, whatever was done to the ZIP."""

import io
import random
import struct
import zipfile
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.unpacking import archive, fault
from api.unpacking.archive import PlainFile, opened, pieces
from domain.problems import Problem

METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflate": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}
NOISE = random.Random(1)
ROWS = "".join(f"Show {at},2027-01-01,Recife {NOISE.random()}\n" for at in range(20_000))
CSV = f"title,event_date,city\n{ROWS}".encode()


class Refused(SystemExit):
    """What ends the process."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(0)
        self.problem = problem


def refuse(problem: Problem) -> None:
    raise Refused(problem)


@pytest.fixture(autouse=True)
def _refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault, "fail", refuse)
    monkeypatch.setattr(archive, "fail", refuse)


def zip_of(method: int, content: bytes = CSV) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as made:
        made.writestr("a.csv", content)
    return target.getvalue()


def content_of(packed: bytes) -> bytes | str:
    """Return what comes out; the sentence where the ZIP is refused."""
    try:
        found = opened(packed)
        assert isinstance(found, PlainFile)
        return b"".join(pieces(found.archive, found.entry))
    except Refused as refused:
        return refused.problem.message


@pytest.mark.parametrize("name", METHODS)
def test_a_file_comes_out_unchanged_by_every_method(name: str) -> None:
    assert content_of(zip_of(METHODS[name])) == CSV


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", METHODS)
def test_damage_anywhere_in_the_stream_is_told(name: str, part: float) -> None:
    packed = bytearray(zip_of(METHODS[name]))
    start, end = 35, packed.rfind(b"PK\1\2")  # Up to the file's name, and the directory.
    at = start + int((end - start - 6) * part)
    packed[at : at + 6] = bytes(~byte & 0xFF for byte in packed[at : at + 6])
    assert content_of(bytes(packed)) == "a.csv in the ZIP is damaged: send the file itself"


SMALL = {name: zip_of(method, CSV[:3000]) for name, method in METHODS.items()}


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(list(METHODS)), at=st.integers(0, 2000), value=st.integers(0, 255), cut=st.booleans()
)
def test_no_changed_byte_changes_what_comes_out(name: str, at: int, value: int, *, cut: bool) -> None:
    packed = bytearray(SMALL[name])
    at %= len(packed)
    if cut:
        del packed[at : at + 1 + value]
    else:
        packed[at] = value
    found = content_of(bytes(packed))
    assert found == CSV[:3000] or isinstance(found, str)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("claimed", [0, 30, len(CSV) - 1, len(CSV) + 1, 2 * len(CSV)])
def test_a_size_that_is_not_the_claimed_one_is_damage(name: str, claimed: int) -> None:
    packed = bytearray(zip_of(METHODS[name]))
    entry = packed.rfind(b"PK\1\2")
    packed[entry + 24 : entry + 28] = struct.pack("<I", claimed)
    # With the checksum of what is claimed, nothing else tells.
    packed[entry + 16 : entry + 20] = struct.pack("<I", zlib.crc32(CSV[:claimed]))
    assert isinstance(content_of(bytes(packed)), str)


@pytest.mark.parametrize("name", METHODS)
def test_a_file_beyond_the_bound_is_refused_whatever_it_claims(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = bytearray(zip_of(METHODS[name]))
    monkeypatch.setattr(archive, "UNPACKED_BYTES", len(CSV))
    assert content_of(bytes(packed)) == CSV
    monkeypatch.setattr(archive, "UNPACKED_BYTES", len(CSV) - 1)
    assert str(content_of(bytes(packed))).startswith("unpacked, the file is over")
    entry = packed.rfind(b"PK\1\2")
    packed[entry + 24 : entry + 28] = struct.pack("<I", len(CSV) // 2)
    assert isinstance(content_of(bytes(packed)), str)


@pytest.mark.parametrize(
    "names",
    [
        *(["xl/a.csv"], ["XL/a.csv"], ["Xl/agenda/a.csv"], ["xl\\a.csv"]),
        *(["a.csv", "index.zip"], ["a.csv", "META-INF/manifest.mf"], ["a.csv", "Doc.kml"]),
    ],
)
def test_a_table_beside_names_like_those_of_documents_is_read(names: list[str]) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name in names:
            made.writestr(name, CSV if name.endswith("a.csv") else b"\x00\x01\x02")
    assert content_of(target.getvalue()) == CSV
