"""What a refusal before the application says of its request."""

import pytest

from api.server.refusals import instance_of


@pytest.mark.parametrize("part", [b"a", b"%25", b"%2525", b"://:", b"%C3%A9"])
def test_an_endless_path_is_named_by_its_beginning(part: bytes) -> None:
    whole = b"/x/" + part * (60_000 // len(part))
    assert instance_of(whole, "").startswith("/x/")
    # Percent-encoded, a character may take nine.
    assert len(instance_of(whole, "")) <= 9 * 500
    assert instance_of(whole, "") == instance_of(whole[:6000], "")
