"""`fasttrack user` on a store of its own."""

from pathlib import Path

from click.testing import CliRunner, Result

from api.__main__ import main


def fasttrack(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["user", *words, "--data-dir", str(folder)])


def test_a_user_is_added_listed_disabled_enabled_and_rotated(tmp_path: Path) -> None:
    added = fasttrack(tmp_path, "add", "ana", "--role", "editor")
    assert added.exit_code == 0, added.output
    token = added.output.strip()
    assert token.startswith("ft_")
    assert "ana" in fasttrack(tmp_path, "list").output
    assert "disabled" in fasttrack(tmp_path, "disable", "ana").output
    assert "disabled" in fasttrack(tmp_path, "list").output
    assert "active" in fasttrack(tmp_path, "enable", "ana").output
    rotated = fasttrack(tmp_path, "rotate", "ana").output.strip()
    assert rotated.startswith("ft_")
    assert rotated != token


def test_a_name_that_is_taken_or_unknown_is_reported(tmp_path: Path) -> None:
    fasttrack(tmp_path, "add", "ana")
    again = fasttrack(tmp_path, "add", "ana")
    assert again.exit_code == 1
    assert "the user 'ana' already exists" in again.output
    unknown = fasttrack(tmp_path, "disable", "bia")
    assert unknown.exit_code == 1
    assert "there is no user 'bia'" in unknown.output
