"""How the connections of a process are shared among its kinds of work."""

import pytest

from api.storage.postgres.database import APART, pools


@pytest.mark.parametrize("connections", [*range(8, 64), 1000])
def test_every_kind_of_work_has_a_share_of_the_connections(connections: int) -> None:
    shares = pools(connections)
    assert sum(shares) == connections - APART
    assert min(shares) >= 1
    assert shares.readers >= shares.writers >= shares.quick
