"""The administrator's view of webhooks: made, tried, paused, looked into, removed."""

import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from tests.end_to_end.browser.acts import make_event, open_page
from tests.end_to_end.browser.test_page_is_for_all import AXE, serious
from tests.end_to_end.server_process import ServerProcess


class Receiver(ThreadingHTTPServer):
    """Takes what is delivered, or refuses it with `status`."""

    status = 204

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver = self.server
        assert isinstance(receiver, Receiver)
        receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(receiver.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A service elsewhere."""
    with Receiver() as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that may deliver to this machine."""
    started = ServerProcess(tmp_path_factory.mktemp("server"), webhook_private_addresses="true")
    started.start()
    yield started
    started.stop()


def add(page: Any, url: str) -> str:
    """Make a webhook by the page's form, and return its secret."""
    page.get_by_role("button", name="New webhook").click()
    page.get_by_label("Address of the receiver").fill(url)
    page.get_by_role("button", name="Save").click()
    secret = str(page.input_value("dialog input.mono"))
    page.get_by_role("button", name="Close").click()
    page.wait_for_selector("[data-webhook]")
    return secret


def await_chip(page: Any, words: str) -> None:
    page.locator("[data-webhook] .chip", has_text=words).wait_for()


def test_a_webhook_is_made_tried_paused_and_removed(
    page: Any, server: ServerProcess, receiver: Receiver
) -> None:
    open_page(page, server, "webhooks")
    secret = add(page, receiver.url)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/=]{32,}", secret)
    webhook_id = page.get_attribute("[data-webhook]", "data-webhook")
    assert page.url.endswith(f"#webhooks/{webhook_id}")
    assert secret not in page.content()
    await_chip(page, "delivering")

    page.get_by_role("button", name="Send a test").click()
    page.locator("[data-webhook] tbody tr", has_text="taken (204)").wait_for()
    assert b'"webhook.test"' in receiver.bodies[0]
    assert page.evaluate("document.activeElement.dataset.act") == "test"

    # What fails is said with its status, and until when it is tried again, without a reload.
    receiver.status = 503
    make_event(server, "Concerto")
    await_chip(page, "failing, tried again")
    page.locator("[data-webhook] tbody tr", has_text="refused with 503").first.wait_for()
    assert "Next attempt" in page.text_content("[data-webhook] .alert")

    page.get_by_role("button", name="Pause").click()
    await_chip(page, "paused")
    receiver.status = 204
    page.get_by_role("button", name="Enable").click()
    await_chip(page, "delivering")

    page.get_by_role("button", name="New secret").click()
    page.get_by_role("alertdialog").get_by_role("button", name="New secret").click()
    fresh = page.input_value("dialog input.mono")
    assert fresh.startswith("whsec_")
    assert fresh != secret
    page.get_by_role("button", name="Close").click()
    page.get_by_text("The secret before signs, too").wait_for()

    page.locator("[data-act=remove]").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    page.wait_for_selector("[data-webhook]", state="detached")
    assert page.url.endswith("#webhooks")
    assert httpx.get(f"{server.url}/api/v1/webhooks", timeout=60).json()["items"] == []


def test_deliveries_and_changes_elsewhere_appear_by_themselves(
    context: Any, page: Any, server: ServerProcess, receiver: Receiver
) -> None:
    open_page(page, server, "webhooks")
    add(page, receiver.url)
    other = context.new_page()
    other.goto(page.url)
    other.wait_for_selector("[data-webhook]")
    other.get_by_role("button", name="Pause").click()
    await_chip(page, "paused")
    other.get_by_role("button", name="Enable").click()
    await_chip(page, "delivering")
    make_event(server, "Concerto")
    page.locator("[data-webhook] tbody tr", has_text="taken (204)").first.wait_for()


def test_a_network_that_fails_is_told_in_the_readers_language(
    page: Any, server: ServerProcess, receiver: Receiver
) -> None:
    open_page(page, server, "webhooks")
    page.click("#language")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        page.get_by_role("button", name="Novo webhook").click()
        page.get_by_label("Endereço de quem recebe").fill(f"http://127.0.0.1:{closed.getsockname()[1]}/x")
        page.get_by_role("button", name="Salvar").click()
        page.get_by_role("button", name="Fechar").click()
        page.get_by_role("button", name="Enviar um teste").click()
        page.locator("[data-webhook] tbody tr", has_text="sem conexão: ConnectError").wait_for()


def test_faults_stand_at_their_fields_and_nothing_typed_is_lost(
    page: Any, server: ServerProcess, receiver: Receiver
) -> None:
    open_page(page, server, "webhooks")
    page.get_by_role("button", name="New webhook").click()
    page.get_by_label("Address of the receiver").fill("ftp://example.org/x")
    for box in page.locator("dialog input[type=checkbox]:checked").all():
        box.uncheck()
    page.get_by_role("button", name="Save").click()
    page.locator("dialog .fault", has_text="choose at least one").wait_for()
    page.get_by_label("Notifications").check()
    page.get_by_role("button", name="Save").click()
    page.locator("dialog .fault", has_text="must begin with https:// or http://").wait_for()
    assert page.evaluate("document.activeElement.type") == "url"
    page.keyboard.press("Escape")
    page.get_by_role("alertdialog").get_by_role("button", name="Keep editing").click()
    assert page.input_value("dialog input[type=url]") == "ftp://example.org/x"
    page.get_by_label("Address of the receiver").fill(receiver.url)
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog input.mono")
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-webhook]")
    page.locator("[data-act=edit]").click()
    assert page.locator("dialog input[type=checkbox]:checked").count() == 1
    page.get_by_label("Changes of events").check()
    page.get_by_role("button", name="Save").click()
    page.locator("[data-webhook] p", has_text="Changes of events · Notifications").wait_for()


def test_who_is_no_administrator_has_no_webhooks(context: Any, start_server: Any) -> None:
    closed = start_server(auth="token")
    admin = re.search(r"ft_[\w-]+", closed.log)
    assert admin is not None
    for role in ("editor", "viewer"):
        made = httpx.post(
            f"{closed.url}/api/v1/users",
            json={"name": role, "role": role},
            headers={"Authorization": f"Bearer {admin[0]}"},
            timeout=60,
        )
        tab = context.new_page()
        tab.goto(f"{closed.url}/#webhooks")
        tab.fill("dialog input[name=token]", made.json()["token"])
        tab.keyboard.press("Enter")
        tab.wait_for_selector("html[data-ready]")
        assert tab.is_visible("[data-view=events]")
        assert tab.is_hidden("[data-view=webhooks]")
        assert tab.is_hidden("#view-webhooks")
        context.clear_cookies()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_view_fits_a_phone_and_axe_finds_nothing(
    browser: Any, server: ServerProcess, receiver: Receiver, scheme: str
) -> None:
    phone = browser.new_context(
        viewport={"width": 360, "height": 740},
        locale="pt-BR",
        color_scheme=scheme,
        reduced_motion="reduce",
        bypass_csp=True,
    )
    phone.set_default_timeout(45_000)
    page = phone.new_page()
    open_page(page, server, "webhooks")
    made = httpx.post(
        f"{server.url}/api/v1/webhooks",
        json={"url": receiver.url + "/um-endereco-bem-comprido-sem-espaco-nenhum" * 3, "feeds": ["admin"]},
        timeout=60,
    ).json()
    receiver.status = 500
    httpx.post(f"{server.url}/api/v1/webhooks/{made['id']}/test", timeout=60)
    page.goto(f"{server.url}/#webhooks/{made['id']}")
    page.locator("[data-webhook] td", has_text="recusada com 500").first.wait_for()
    found = serious(page, "webhook") if AXE.exists() else []
    assert wide(page) <= 360
    page.locator("[data-act=edit]").click()
    found += serious(page, "dialog") if AXE.exists() else []
    assert wide(page) <= 360
    phone.close()
    assert found == []


def wide(page: Any) -> int:
    return int(page.evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"))
