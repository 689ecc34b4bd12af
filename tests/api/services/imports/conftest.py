from contextlib import asynccontextmanager

import anyio
import msgspec
import pytest

from api.services.imports.blob_names import blob_id
from api.services.imports.new_upload import NewUpload
from api.services.imports.service import Imports
from api.storage.store import open_store
from domain.imports import ImportOptions
from domain.ports.events import EventFilter
from tests.api.services.imports.plain_rows import open_source

HOUR_MS = 60 * 60 * 1000


class World:
    """A store, in a folder if it has no URL, and imports that come and go over it like server processes."""

    def __init__(self, folder, url=""):
        self.folder = folder
        self.url = url
        self.now_ms = 1_700_000_000_000
        self.store = None
        self.imports = None
        self.open_source = open_source
        self.on_commit = lambda _messages: None
        self.places = 2
        self.limit = 1024 * 1024
        self.staged_bytes_per_person = 1024 * 1024 * 1024

    @asynccontextmanager
    async def process(self, wrap=lambda store: store, owner="server"):
        opened = await open_store(
            self.url,
            committed=self.on_commit,
            data_dir=self.folder,
            timezone="America/Recife",
        )
        self.store = opened
        try:
            self.imports = imports = Imports(
                wrap(opened),
                open_source=self.open_source,
                now_ms=lambda: self.now_ms,
                max_upload_bytes=self.limit,
                staged_bytes_per_person=self.staged_bytes_per_person,
                places=self.places,
                retry_seconds=0.01,
                owner=owner,
            )
            async with imports.running():
                yield imports
        finally:
            await opened.aclose()

    async def begin(self, upload_id="x", total_bytes=None, key=None, **options):
        return await self.imports.begin(self.wanted(upload_id, total_bytes, key, **options))

    def wanted(self, upload_id="x", total_bytes=None, key=None, **options):
        return NewUpload(upload_id, "a.csv", ImportOptions(**options), "ana", key, total_bytes)

    async def send(self, content, upload_id="x", **options):
        """Import a whole file and return it as it ended."""
        body = await self.begin(upload_id, len(content), **options)
        await body.write(content)
        await body.complete()
        return await self.ended(body)

    async def ended(self, body):
        with anyio.fail_after(60):
            await body.running.wait_for_end()
        return body.running.upload

    async def until(self, running, condition):
        """Wait for what the import commits."""
        with anyio.fail_after(60):
            await running.wait_until(lambda: condition(running))

    async def until_told(self, running, text):
        """Wait until the import's feed says this."""
        with anyio.fail_after(60):
            while True:
                changed = running.changed
                if text in str(await self.feed(f"upload/{running.upload.id}")):
                    return
                await changed.wait()

    async def upload(self, upload_id="x"):
        async with self.store.snapshot() as snapshot:
            return await snapshot.uploads.get(upload_id)

    async def titles(self):
        async with self.store.snapshot() as snapshot:
            return [event.title async for chunk in snapshot.events.scan(EventFilter()) for event in chunk]

    async def rejected(self, upload_id="x"):
        async with self.store.snapshot() as snapshot:
            return await snapshot.uploads.rejected(upload_id, after_record=0, limit=10_000)

    async def leave(self, upload_id, content=b"left"):
        """Stage bytes while no process runs, as an import of a killed one leaves them."""
        store = await open_store(
            self.url, committed=self.on_commit, data_dir=self.folder, timezone="America/Recife"
        )
        try:
            await store.blobs.append(blob_id(upload_id), 0, content)
        finally:
            await store.aclose()

    async def feed(self, name="upload/x"):
        _, head = await self.store.feed.bounds()
        stored = await self.store.feed.read([name], [], after=0, upto=head, limit=100_000)
        return [msgspec.json.decode(message.body) for message in stored]


async def nothing_staged(store):
    """Wait until no bytes of any import are left: they go soon after an answer, and a store tells nobody."""
    with anyio.fail_after(60):
        while await store.blobs.ids():  # noqa: ASYNC110
            await anyio.sleep(0.005)


@pytest.fixture
def world(tmp_path, monkeypatch):
    # Lines of a few bytes, to be read before more come.
    monkeypatch.setattr("domain.files.kinds.DECIDED_BYTES", 1)
    return World(tmp_path)
