"""Proxies of this machine on free ports: as docs/proxies.md sets them up, and set up to do harm."""

import contextlib
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import psutil

from tests.conftest import unavailable
from tests.end_to_end.server_process import free_port

HERE = Path(__file__).parent
PROXIES = HERE.parents[2] / "docs" / "proxies.md"
OPERATING = PROXIES.with_name("operating.md")
STARTS_WITHIN_SECONDS = 30
SHOWN_CHARACTERS = 4000

Documented = Literal["nginx", "haproxy", "caddy", "apache"]

# Where the document listens, and how a test says it.
_LISTENS: dict[Documented, tuple[str, str]] = {
    "nginx": ("listen 80;", "listen 127.0.0.1:@port@;"),
    "haproxy": ("bind :80", "bind 127.0.0.1:@port@"),
    "caddy": ("events.example {", "http://127.0.0.1:@port@ {"),
    "apache": ("<VirtualHost *:80>", "Listen 127.0.0.1:@port@\n<VirtualHost 127.0.0.1:@port@>"),
}


@contextlib.contextmanager
def documented(proxy: Documented, folder: Path, upstream_port: int) -> Iterator[int]:
    """Run a proxy with the text of docs/proxies.md, but for addresses. Yields its port."""
    with _as_in(PROXIES, proxy, folder, {8000: upstream_port}) as port:
        yield port


@contextlib.contextmanager
def documented_for_any_host(proxy: Documented, folder: Path, upstream_port: int) -> Iterator[int]:
    """Run it so that it passes every Host on: Caddy's document names its site. Yields its port."""
    any_host = {**_LISTENS, "caddy": (_LISTENS["caddy"][0], "http://:@port@ {\n    bind 127.0.0.1")}
    with _as_in(PROXIES, proxy, folder, {8000: upstream_port}, listens=any_host) as port:
        yield port


@contextlib.contextmanager
def before_two(folder: Path, first_port: int, second_port: int) -> Iterator[int]:
    """Run nginx before two servers with the text of docs/operating.md. Yields its port."""
    with _as_in(OPERATING, "nginx", folder, {8001: first_port, 8002: second_port}) as port:
        yield port


@contextlib.contextmanager
def of_compose(folder: Path, upstream_port: int) -> Iterator[int]:
    """Run nginx with deploy/nginx.conf, which Docker Compose mounts, but for addresses. Yields its port."""
    text = (PROXIES.parents[1] / "deploy" / "nginx.conf").read_text()
    for name in ("first", "second"):
        assert f"server {name}:8000" in text
        text = text.replace(f"server {name}:8000", f"server 127.0.0.1:{upstream_port}")
    with _nginx_with(folder, text) as port:
        yield port


@contextlib.contextmanager
def bare_nginx(folder: Path, upstream_port: int) -> Iterator[int]:
    """Run nginx with `proxy_pass` and nothing else, as the shortest instructions have it. Yields its port."""
    with _nginx(folder, f"proxy_pass http://127.0.0.1:{upstream_port};") as port:
        yield port


@contextlib.contextmanager
def silent_nginx(folder: Path, upstream_port: int) -> Iterator[int]:
    """Run nginx as Debian's package does, with the defaults of 1.29.7: it adds nothing and keeps connections.

    Source: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version
    """
    kept = 'proxy_http_version 1.1; proxy_set_header Connection "";'
    text = f"server {{ listen 80; location / {{ {kept} proxy_pass http://127.0.0.1:{upstream_port}; }} }}"
    with _nginx_with(folder, text, user="www-data") as port:
        yield port


@contextlib.contextmanager
def silent_haproxy(folder: Path, upstream_port: int) -> Iterator[int]:
    """Run HAProxy as Debian's package does, without `option forwardfor`: it adds nothing. Yields its port."""
    port = free_port()
    config = folder / "haproxy"
    config.write_text(
        "global\n  maxconn 256\n  user haproxy\n  group haproxy\n"
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n"
        f"listen all\n  bind 127.0.0.1:{port}\n  server one 127.0.0.1:{upstream_port}\n"
    )
    with _running(_command("haproxy", config), [port], folder):
        yield port


@contextlib.contextmanager
def nginx_before_socket(folder: Path, path: Path) -> Iterator[int]:
    """Run nginx before a server that listens on a Unix socket. Yields its port."""
    told = "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;"
    with _nginx(folder, f"proxy_pass http://unix:{path}; {told}") as port:
        yield port


@contextlib.contextmanager
def _nginx(folder: Path, location: str) -> Iterator[int]:
    with _nginx_with(folder, f"server {{ listen 80; location / {{ {location} }} }}") as port:
        yield port


@contextlib.contextmanager
def _nginx_with(folder: Path, text: str, *, user: str = "") -> Iterator[int]:
    """Run nginx with a server; as a worker of a `user`, or in one process."""
    port = free_port()
    said, meant = _LISTENS["nginx"]
    assert said in text
    config = folder / "nginx"
    frame = (HERE / "nginx.frame").read_text()
    if user:
        frame = frame.replace("master_process off;", f"user {user};")
    document = text.replace(said, meant).replace("@port@", str(port))
    config.write_text(frame.replace("@document@", document).replace("@folder@", str(folder)))
    with _running(_command("nginx", config), [port], folder):
        yield port


@contextlib.contextmanager
def under_a_path(folder: Path, upstream_port: int) -> Iterator[int]:
    """Run nginx with the server at /fasttrack/, as docs/proxies.md has it. Yields its port."""
    with _as_in(PROXIES, "nginx", folder, {8000: upstream_port}, number=1) as port:
        yield port


@contextlib.contextmanager
def _as_in(
    document: Path,
    proxy: Documented,
    folder: Path,
    upstreams: dict[int, int],
    *,
    number: int = 0,
    listens: dict[Documented, tuple[str, str]] = _LISTENS,
) -> Iterator[int]:
    """Run a proxy with one of the document's blocks for it; `number` counts them."""
    said, meant = listens[proxy]
    text = _blocks(document, proxy)[number]
    assert said in text
    text = text.replace(said, meant)
    if proxy == "apache":
        (folder / "come-back.asis").write_text(_blocks(document, "http")[0])
        text = text.replace("/etc/apache2/come-back.asis", str(folder / "come-back.asis"))
    for written, real in upstreams.items():
        assert f"127.0.0.1:{written}" in text
        text = text.replace(f"127.0.0.1:{written}", f"127.0.0.1:{real}")
    frame = (HERE / f"{proxy}.frame").read_text()
    port = free_port()
    config = folder / proxy
    config.write_text(
        frame.replace("@document@", text).replace("@port@", str(port)).replace("@folder@", str(folder))
    )
    with _running(_command(proxy, config), [port], folder):
        yield port


@contextlib.contextmanager
def hostile(proxy: Literal["nginx", "haproxy"], folder: Path, upstream_port: int) -> Iterator[dict[str, int]]:
    """Run a proxy that does harm. Yields its ports by the names in its configuration."""
    text = (HERE / f"{proxy}.hostile").read_text()
    names = set(re.findall(r"127\.0\.0\.1:@(\w+)@", text)) - {"upstream"}
    ports = {name: free_port() for name in sorted(names)}
    for name, value in {**ports, "upstream": upstream_port, "folder": folder}.items():
        text = text.replace(f"@{name}@", str(value))
    config = folder / proxy
    config.write_text(text)
    with _running(_command(proxy, config), list(ports.values()), folder):
        yield ports


def _blocks(document: Path, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", document.read_text(), re.DOTALL)


def _command(proxy: Documented, config: Path) -> list[str]:
    program = _program({"apache": "apache2"}.get(proxy, proxy))
    arguments = {
        "nginx": ["-p", str(config.parent), "-e", str(config.parent / "start.log"), "-c", str(config)],
        "haproxy": ["-db", "-f", str(config)],
        "caddy": ["run", "--adapter", "caddyfile", "--config", str(config)],
        "apache": ["-X", "-f", str(config)],
    }
    return [program, *arguments[proxy]]


def _program(name: str) -> str:
    # /usr/sbin is not on everyone's path.
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        unavailable(f"{name}, for the tests of networks")
    return found


@contextlib.contextmanager
def _running(command: list[str], ports: list[int], folder: Path) -> Iterator[None]:
    """Run a proxy; what it printed is shown with whatever fails meanwhile."""
    said = folder / "said.log"
    with said.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _await_listening(process, {*ports})
        yield
        assert process.poll() is None, f"the proxy ended by itself, with {process.returncode}"
    except BaseException as error:
        for file in sorted(folder.glob("*.log")):
            if text := file.read_text(errors="replace")[-SHOWN_CHARACTERS:]:
                error.add_note(f"{Path(command[0]).name}, {file.name}:\n{text}")
        raise
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            # Some wait for their connections to end.
            process.kill()
            process.wait()


def _await_listening(process: subprocess.Popen[bytes], ports: set[int]) -> None:
    """Wait until this very process listens: whoever answers at a port may be another one."""
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while not ports <= _listened_to(process.pid):
        assert process.poll() is None, "the proxy ended at once: is its configuration right?"
        assert time.monotonic() < deadline, (
            f"the proxy listens on {_listened_to(process.pid)}, not on {ports}"
        )
        time.sleep(0.02)


def _listened_to(pid: int) -> set[int]:
    with contextlib.suppress(psutil.NoSuchProcess):
        found = psutil.Process(pid).net_connections("tcp")
        return {one.laddr.port for one in found if one.status == psutil.CONN_LISTEN}
    return set()
