"""The image is built, starts without root, answers, and ends at SIGTERM: `make image-test`.

It needs buildah and root, and takes minutes. The base image comes from its registry; where that cannot be
reached, a base is made of Debian's packages by debootstrap, or of the folder FASTTRACK_TEST_BASE_ROOTFS.
`chroot` is the isolation that works within a container; it cannot make the root read-only.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.server_process import free_port

pytestmark = [pytest.mark.thorough, pytest.mark.alone, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
REGISTRY_BASE = "docker.io/library/python:3.12-slim"
DEBIAN = ["bookworm", "http://deb.debian.org/debian"]
CHROOT = ["--isolation", "chroot", "--network", "host"]
CERTIFICATES = "/etc/ssl/certs:/etc/ssl/certs:ro"
"""A proxy of the build's network may have an authority of its own."""


def not_built(why: str) -> None:
    print(f"\nTHE IMAGE WAS NOT BUILT: {why}", file=sys.stderr)  # noqa: T201
    pytest.skip(f"the image was not built: {why}")


class Engine:
    """buildah with a store of its own, which needs neither a daemon nor namespaces."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._words = ["buildah", "--root", str(folder / "store"), "--runroot", str(folder / "run")]
        self._words += ["--storage-driver", "vfs"]

    def words(self, *more: str) -> list[str]:
        return [*self._words, *more]

    def run(self, *more: str) -> str:
        done = subprocess.run(self.words(*more), cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def base(self) -> str:
        """Return the name of a base image; skip where there can be none."""
        rootfs = os.environ.get("FASTTRACK_TEST_BASE_ROOTFS")
        if rootfs is None:
            pull = self.words("pull", REGISTRY_BASE)
            pulled = subprocess.run(pull, capture_output=True, check=False, timeout=300)
            if pulled.returncode == 0:
                return REGISTRY_BASE
            rootfs = self._debian()
        recipe = self._folder / "Base"
        recipe.write_text("FROM scratch\nCOPY . /\nRUN ln -sf python3 /usr/bin/python\n")
        self.run("build", *CHROOT, "--tag", "base", "--file", str(recipe), rootfs)
        return "localhost/base"

    def _debian(self) -> str:
        if shutil.which("debootstrap") is None:
            not_built(f"{REGISTRY_BASE} cannot be pulled, and debootstrap is not installed")
        rootfs = str(self._folder / "rootfs")
        packages = "--include=python3,python3-venv,ca-certificates"
        command = ["debootstrap", "--variant=minbase", packages, DEBIAN[0], rootfs, DEBIAN[1]]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            not_built(f"no base image: {made.stderr[-300:]}")
        return rootfs


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if shutil.which("buildah") is None or os.geteuid() != 0:
        not_built("it needs buildah (Debian: buildah) and root")
    folder = tmp_path_factory.mktemp("image")
    try:
        yield Engine(folder)
    finally:
        shutil.rmtree(folder)


def test_the_image_starts_without_root_answers_and_ends_at_sigterm(engine: Engine) -> None:
    build = ["build", *CHROOT, "--volume", CERTIFICATES, "--format", "docker"]
    base = f"BASE={engine.base()}"
    engine.run(*build, "--build-arg", base, "--file", "deploy/Containerfile", "--tag", "fasttrack", ".")
    container = engine.run("from", "--pull-never", "localhost/fasttrack").strip()
    config: dict[str, Any] = json.loads(engine.run("inspect", container))["Docker"]["config"]
    port = free_port()
    run = ["run", *CHROOT, "--env", f"FASTTRACK_PORT={port}", container, "--"]
    serving = subprocess.Popen(
        engine.words(*run, *config["Entrypoint"], *config["Cmd"]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        process = _process_of(serving)
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=60).json() == {"status": "ok"}
        # The image listens on all addresses, so it asks for tokens.
        assert httpx.get(f"http://127.0.0.1:{port}/api/v1/eventos", timeout=60).status_code == 401
        kind, *health = config["Healthcheck"]["Test"]
        assert kind == "CMD"
        engine.run(*run, *health)
        assert re.search(r"^Uid:\t10001\t10001", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
        assert config["StopSignal"] == "SIGTERM"
        os.kill(process, signal.SIGTERM)
        _, rest = serving.communicate(timeout=60)
        assert serving.returncode == 0, rest
        assert '"stopped"' in rest
    finally:
        serving.kill()


def _process_of(serving: subprocess.Popen[str]) -> int:
    """Wait for the server's first line of log, and return its process."""
    assert serving.stderr is not None
    lines = []
    for line in serving.stderr:
        lines.append(line)
        if found := re.search(r"serving version .* as process (\d+)", line):
            return int(found[1])
    raise AssertionError("".join(lines))
