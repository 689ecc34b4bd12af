"""A PostgreSQL of a test's own: stopped, frozen, started again, followed by a standby that takes over."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.conftest import unavailable
from tests.end_to_end.server_process import free_port

STARTS_WITHIN_SECONDS = "60"
SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
fsync = off
shared_buffers = 32MB
max_connections = {connections}
superuser_reserved_connections = 1
wal_level = replica
hot_standby = on
"""


class PostgresProcess:
    """A server in a folder; it refuses to run as root, so then it is of the user postgres."""

    def __init__(self, folder: Path) -> None:
        """Prepare to start what is in the folder."""
        self.folder = folder
        self.port = free_port()
        self.data = folder / "data"

    @property
    def url(self) -> str:
        """Of its database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def create(self, *, connections: int = 100) -> None:
        """Make its files and start it."""
        _run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        self._configure(connections)
        self.start()

    def follow(self, primary: "PostgresProcess") -> None:
        """Copy a primary, start as its standby, and have it wait for this one at each commit."""
        source = f"host=127.0.0.1 port={primary.port} user=postgres application_name=standby"
        _run("pg_basebackup", "-D", self.data, "-R", "-X", "stream", "-c", "fast", "-d", source)
        self._configure(100)
        self.start()
        primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        primary.sql("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """Be the primary from now on."""
        self._control("promote")

    def start(self) -> None:
        """Start, and return when it answers."""
        self._control("start", "-l", self.folder / "log")

    def stop(self) -> None:
        """Stop at once, as a crash would."""
        self._control("stop", "-m", "immediate")

    def freeze(self) -> None:
        """Have it take no step, and keep every connection open."""
        for process in self._processes():
            process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        for process in self._processes():
            process.send_signal(signal.SIGCONT)

    def sql(self, statement: str) -> str:
        """Run a statement and return its answer as text."""
        return _run("psql", "-X", "-A", "-t", "-d", self.url, "-c", statement)

    def _processes(self) -> list[psutil.Process]:
        postmaster = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
        return [postmaster, *postmaster.children(recursive=True)]

    def _configure(self, connections: int) -> None:
        text = SETTINGS.format(port=self.port, folder=self.folder, connections=connections)
        with (self.data / "postgresql.conf").open("a") as config:
            config.write(text)

    def _control(self, verb: str, *options: object) -> None:
        _run("pg_ctl", verb, "-w", "-t", STARTS_WITHIN_SECONDS, "-D", self.data, *options)


@contextlib.contextmanager
def postgres_process(*, connections: int = 100) -> Iterator[PostgresProcess]:
    """Have a server that runs, with an empty database."""
    with _folder() as folder:
        server = PostgresProcess(folder)
        server.create(connections=connections)
        try:
            yield server
        finally:
            _end(server)


@contextlib.contextmanager
def standby_of(primary: PostgresProcess) -> Iterator[PostgresProcess]:
    """Have a standby without which the primary commits nothing any more."""
    with _folder() as folder:
        server = PostgresProcess(folder)
        server.follow(primary)
        try:
            yield server
        finally:
            _end(server)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder that the user who runs PostgreSQL can reach; pytest's own are for one user."""
    folder = Path(tempfile.mkdtemp(prefix="fasttrack-pg-"))
    try:
        if (user := _user()) is not None:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end(server: PostgresProcess) -> None:
    with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError):
        server.thaw()
    with contextlib.suppress(subprocess.CalledProcessError):
        server.stop()


def _user() -> str | None:
    return None if os.getuid() else "postgres"


def _run(program: str, *options: object) -> str:
    command = [str(_program(program)), *(str(option) for option in options)]
    # pg_ctl's server keeps what it was given open: nobody must wait for the end of a pipe.
    with tempfile.TemporaryFile("w+") as output:
        subprocess.run(
            command, check=True, user=_user(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/"
        )
        output.seek(0)
        return output.read().strip()


def _program(name: str) -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    places = [*reversed(found), *([Path(path)] if (path := shutil.which(name)) else [])]
    if not places:
        unavailable(f"{name} of PostgreSQL, for the tests of its outages")
    if _user() is not None:
        _need_user()
    return places[0]


def _need_user() -> None:
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        unavailable("the user postgres, as whom root can start a PostgreSQL")
