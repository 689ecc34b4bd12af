"""Names of blobs: safe as names of files wherever they are kept."""

import re

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


def blob_name(blob_id: str) -> str:
    """Return the id.

    Raises:
        ValueError: it could name something else than a file of its own.
    """
    if not _NAME.fullmatch(blob_id):
        raise ValueError(f"not a valid blob id: {blob_id!r}")
    return blob_id
