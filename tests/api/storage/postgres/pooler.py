"""PgBouncer in front of a database of the tests."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from tests.conftest import unavailable

_AS_IT_COMES = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
max_client_conn = 100
default_pool_size = 40
logfile = {folder}/pgbouncer.log
"""


@contextmanager
def pooler(url: str, _folder: Path, mode: str) -> Iterator[str]:
    """Have the URL of a database through a pooler in this mode, with no setting that is made for us."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        unavailable("pgbouncer")
    at = urlsplit(url)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        listen = free.getsockname()[1]
    # Not the test's folder, which only its user may enter.
    with TemporaryDirectory() as folder:
        settings = Path(folder, "pgbouncer.ini")
        user = at.username or "postgres"
        settings.write_text(
            _AS_IT_COMES.format(
                host=at.hostname, port=at.port or 5432, user=user, listen=listen, mode=mode, folder=folder
            )
        )
        settings.chmod(0o644)
        command = [program, "--quiet", str(settings)]
        if os.getuid() == 0:  # It does not run as root.
            shutil.chown(folder, "nobody")
            command[1:1] = ["--user=nobody"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _await(listen)
            yield f"postgresql://{user}@127.0.0.1:{listen}/{at.path.strip('/')}"
        finally:
            process.kill()
            process.wait()


def _await(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError("pgbouncer does not listen")
