"""Names of files as text that can be printed and sent."""

import os


def readable(name: str) -> str:
    """Return a name or path with every byte read: as UTF-8, else as Windows-1252.

    Python keeps bytes that are no UTF-8 as surrogates, which no terminal and no request can carry.
    """
    return "/".join(map(_readable_part, name.split("/")))


def _readable_part(part: str) -> str:
    try:
        part.encode()
    except UnicodeEncodeError:
        content = os.fsencode(part)
    else:
        return part
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", "replace")
