"""Who gets a place at the feed, and where they start; or why not now.

What passes (a limit, a stop, a store that is away) is a reason and not a status: each transport
tells it in the words after which its clients come back.
"""

import logging

from msgspec import Struct

from api.feeds.asked import Asked, Connection
from api.feeds.stepping import within
from api.services.identity import Identity
from domain.ports import StorageError
from streams.hub import FeedHub
from streams.messages import ByeReason
from streams.opening import Opening
from streams.registry import Lease

OPENING_SECONDS = 5.0
"""How long the store has to say where a connection starts."""

logger = logging.getLogger(__name__)


class Admission(Struct, frozen=True):
    """A place, which must be released, and where its reader starts."""

    lease: Lease[Identity]
    opening: Opening


def hub_of(connection: Connection) -> FeedHub[Identity]:
    """Return the hub that the composition root put into the application's state."""
    hub: FeedHub[Identity] = connection.app.state.hub
    return hub


async def admit(hub: FeedHub[Identity], asked: Asked) -> Admission | ByeReason:
    """Return a place for a connection, or why there is none now."""
    lease = hub.registry.admit(asked.who)
    if not isinstance(lease, Lease):
        return lease
    try:
        opening = await within(OPENING_SECONDS, hub.open(asked.feeds, asked.cursor, asked.replay))
    except (StorageError, TimeoutError) as error:
        lease.release()
        logger.warning("a stream could not be opened, the store does not answer: %s", error)
        return "unavailable"
    except BaseException:
        lease.release()
        raise
    return Admission(lease, opening)
