"""The routes of imports, served alone over a real socket."""

import asyncio
from contextlib import asynccontextmanager

import httpx
import uvicorn
from litestar import Litestar
from litestar.middleware import ASGIMiddleware

from api.http.app_services import keep_services
from api.http.problems import problem_response
from api.routes import uploads, uploads_rejected, uploads_repairs, uploads_staged, uploads_tus
from api.routes.uploads_tus_answers import TusAnswers
from api.services.identity import Identity
from api.services.imports.history import ImportHistory
from api.services.open_bodies import OpenBodies
from api.services.services import Services

BOUNDARY = "xYz"
OPENING = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'.encode()
CLOSING = f"\r\n--{BOUNDARY}--\r\n".encode()


class Site:
    def __init__(self, port):
        self.port = port
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=60)
        self.identity = Identity("ana", "editor", "ana")

    async def upload(self, content, headers=None, filename="a.csv", **params):
        files = {"file": (filename, content)}
        return await self.http.post("/uploads", params=params, files=files, headers=headers)

    @asynccontextmanager
    async def raw(self, head, *, path="/uploads", method="POST"):
        """Open a request by hand, to stall, lie and break off."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"{method} /api/v1{path} HTTP/1.1", "Host: localhost", *head]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


async def nobody_is_gone(_identities):
    return set()


class SignedIn(ASGIMiddleware):
    def __init__(self, identity):
        self.identity = identity

    async def handle(self, scope, receive, send, next_app):
        scope["user"] = self.identity()
        await next_app(scope, receive, send)


@asynccontextmanager
async def serve(world, imports):
    site = None
    history = ImportHistory(world.store)
    nothing_else = dict.fromkeys(Services.__struct_fields__)
    bodies = {"bodies": OpenBodies(nobody_is_gone)}
    services = Services(**{**nothing_else, **bodies, "imports": imports, "import_history": history})
    app = Litestar(
        route_handlers=[
            handler
            for routes in (uploads, uploads_rejected, uploads_repairs, uploads_staged, uploads_tus)
            for handler in routes.HANDLERS
        ],
        middleware=[SignedIn(lambda: site.identity)],
        exception_handlers={Exception: problem_response},
        openapi_config=None,
        logging_config=None,
    )
    keep_services(app, services)
    app.asgi_handler = TusAnswers(app.asgi_handler)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(60):
            while not server.started:  # noqa: ASYNC110  # uvicorn sets a flag only
                await asyncio.sleep(0.005)
        site = Site(server.servers[0].sockets[0].getsockname()[1])
        async with site.http:
            yield site
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def site_of(world):
    async with world.process() as imports, serve(world, imports) as site:
        yield site
