"""What the server and a reading process say to each other, over a pair of sockets."""

import msgspec
from msgspec import Struct

from api.services.imports.portions import Checkpoint, Portion
from domain.imports import ImportOptions


class Begin(Struct, frozen=True, tag=True):
    """Read a file from a checkpoint on."""

    options: ImportOptions
    timezone: str
    checkpoint: Checkpoint


class Take(Struct, frozen=True, tag=True):
    """Read on; the piece itself follows as a message of its own. Answered by a portion."""

    last: bool


class Read(Struct, frozen=True, tag=True):
    """The answer to `Take`."""

    portion: Portion


class Failed(Struct, frozen=True, tag=True):
    """The answer to `Take` when reading broke: a fault of ours, with its traceback for the log."""

    traceback: str


Request = Begin | Take
Answer = Read | Failed

encode = msgspec.msgpack.Encoder().encode
decode_request = msgspec.msgpack.Decoder(Request).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode
