import os

import pytest

from api.cli.file_names import readable


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"agenda.csv", "agenda.csv"),
        ("São João.csv".encode(), "São João.csv"),
        (b"S\xe3o Jo\xe3o.csv", "São João.csv"),
        ("dir é/".encode() + b"S\xe3o.csv", "dir é/São.csv"),
        (b"\x81.csv", "\ufffd.csv"),
    ],
)
def test_every_name_can_be_printed_and_sent(name: bytes, text: str) -> None:
    assert readable(os.fsdecode(name)) == text
    text.encode()
