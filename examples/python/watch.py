"""python watch.py http://127.0.0.1:8000 eventos   (a token, if the server wants one, in FASTTRACK_TOKEN)."""

import asyncio
import json
import os
import sys

from api.client import open_feed


async def main(url: str, *feeds: str) -> None:
    token = os.environ.get("FASTTRACK_TOKEN")
    async with open_feed(
        url, feeds, token=token, on_status=lambda text: print(text, file=sys.stderr)
    ) as feed:
        async for message in feed.messages():
            print(json.dumps(message, ensure_ascii=False), flush=True)


asyncio.run(main(*sys.argv[1:]))
