"""Deliveries over TLS: by an authority of our own, to the name in the URL, and to no other."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.services.webhooks.addresses import Addresses
from api.services.webhooks.sending import Outgoing, Sender
from domain.webhooks import Attempt, Webhook
from tests.api.services.webhooks.receiver import Receiver, receiving
from tests.conftest import unavailable

pytestmark = pytest.mark.anyio

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Authority:
    """An authority of the test's own, and the certificates that it gives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / "ca.pem"
        new_key = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self._openssl(*new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test", "-days", "2")

    def context(self, names: str, *, days: int = 1) -> ssl.SSLContext:
        """Return what a server needs to prove these names, such as ``DNS:localhost,IP:127.0.0.1``."""
        ask = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x"]
        self._openssl(*ask, "-keyout", "one.key", "-out", "one.csr")
        (self._folder / "names").write_text(f"subjectAltName={names}\n")
        sign = ["x509", "-req", "-in", "one.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        self._openssl(*sign, "-extfile", "names", "-days", str(days), "-out", "one.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "one.pem", self._folder / "one.key")
        return context

    def _openssl(self, *words: str) -> None:
        program = shutil.which("openssl")
        if program is None:
            unavailable("openssl")
        subprocess.run([program, *words], cwd=self._folder, check=True, capture_output=True)


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    return Authority(tmp_path)


async def deliver(url: str, ca_file: Path | None) -> Attempt:
    """Send one message as deliveries do: the name is resolved once, the connection goes to its address."""
    sender = Sender(Addresses(allow_private=True), now_ms=lambda: 1_800_000_000_000, ca_file=ca_file)
    webhook = Webhook("w", url, ("admin",), "json", SECRET, "ana", 0, 0)
    async with sender.client() as client:
        return await sender.send(client, webhook, Outgoing("e.1", b"{}"))


def named(receiver: Receiver, host: str) -> str:
    return receiver.url.replace("localhost", host)


async def test_an_authority_of_ones_own_is_trusted_where_it_is_named(authority: Authority) -> None:
    asked_for: list[str | None] = []
    context = authority.context("DNS:localhost")
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    async with receiving(context) as receiver:
        attempt = await deliver(receiver.url, authority.file)
        assert (attempt.status, attempt.error) == (204, None)
        assert receiver.arrived[0].headers["host"] == f"localhost:{receiver.port}"
        # The connection goes to 127.0.0.1, which was resolved; the certificate is asked for by name.
        assert asked_for == ["localhost"]


async def test_an_address_in_the_url_is_proved_by_the_certificate(authority: Authority) -> None:
    async with receiving(authority.context("IP:127.0.0.1")) as receiver:
        assert (await deliver(named(receiver, "127.0.0.1"), authority.file)).status == 204


async def test_an_authority_that_is_not_known_is_told(authority: Authority) -> None:
    async with receiving(authority.context("DNS:localhost")) as receiver:
        attempt = await deliver(receiver.url, None)
        assert receiver.arrived == []
    assert attempt.status is None
    assert attempt.error == (
        "certificate not accepted: unable to get local issuer certificate; "
        "FASTTRACK_WEBHOOK_CA_FILE adds certificate authorities"
    )


@pytest.mark.parametrize(
    ("names", "days", "told"),
    [
        ("DNS:example.org,IP:127.0.0.1", 1, "Hostname mismatch, certificate is not valid for 'localhost'."),
        ("DNS:localhost", 0, "certificate has expired"),
    ],
)
async def test_a_certificate_of_another_name_or_time_is_told(
    authority: Authority, names: str, days: int, told: str
) -> None:
    async with receiving(authority.context(names, days=days)) as receiver:
        attempt = await deliver(receiver.url, authority.file)
        assert receiver.arrived == []
    assert attempt.error == f"certificate not accepted: {told}"


async def test_a_receiver_that_speaks_no_tls_is_told() -> None:
    async with receiving() as receiver:
        attempt = await deliver(receiver.url.replace("http:", "https:"), None)
    assert attempt.error is not None
    assert attempt.error.startswith("TLS failed: ")
