"""python watch.py http://127.0.0.1:8000 eventos   (a token, if the server wants one, in FASTTRACK_TOKEN)."""

import asyncio
import json
import os
import sys
from pathlib import Path

from api.client import open_feed

KEPT = Path("watch.cursor")
"""Where this run ends, and the next one goes on."""


def kept() -> str | None:
    return KEPT.read_text() if KEPT.exists() else None


def keep(cursor: str | None) -> None:
    KEPT.write_text(cursor or "")


def on_reset(reason: str) -> None:
    print(f"messages are missing ({reason}): fetch the present state by REST", file=sys.stderr)


def on_status(sentence: str) -> None:
    print(sentence, file=sys.stderr)


async def main(url: str, *feeds: str) -> None:
    token = os.environ.get("FASTTRACK_TOKEN")
    async with open_feed(
        url, feeds, token=token, cursor=kept(), on_reset=on_reset, on_status=on_status
    ) as feed:
        async for message in feed.messages():
            print(json.dumps(message, ensure_ascii=False), flush=True)
            keep(feed.cursor)


asyncio.run(main(*sys.argv[1:]))
