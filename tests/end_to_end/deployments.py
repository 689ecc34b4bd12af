"""Servers over one store, of which one is written to and another is read from."""

from dataclasses import dataclass

from tests.end_to_end.server_process import ServerProcess


@dataclass(frozen=True)
class Deployment:
    """One server with its own store, or several over one PostgreSQL."""

    servers: list[ServerProcess]

    @property
    def writer(self) -> ServerProcess:
        """Takes what is sent."""
        return self.servers[0]

    @property
    def reader(self) -> ServerProcess:
        """Is read from; the same one where there is only one."""
        return self.servers[-1]
