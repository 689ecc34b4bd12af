from pathlib import Path

from httpx._utils import peek_filelike_length

from api.cli.file_window import FileWindow


def test_a_window_reads_the_rest_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(b"0123456789")
    positions: list[int] = []
    with FileWindow(path, 4, positions.append) as window:
        assert peek_filelike_length(window) == 6
        assert window.read(2) == b"45"
        assert window.seek(0) == 0
        assert window.read() == b"456789"
    assert positions == [6, 10]
