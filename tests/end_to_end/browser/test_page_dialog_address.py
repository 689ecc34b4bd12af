"""A dialog belongs to the address that it was opened at: what leads away leaves it, or does not lead away."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.end_to_end.browser.acts import make_event, open_page
from tests.end_to_end.browser.test_page_while_it_saves import SAVE, Gate
from tests.end_to_end.server_process import ServerProcess

DIALOG = "dialog[open]"
BEFORE, HERE = "#events?q=Concerto", "#events?q=Baile"

# Whatever has the keyboard can be seen, and is not the whole page.
IS_HELD = """
() => document.activeElement !== document.body && document.activeElement.getClientRects().length > 0
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with two of everything."""
    started = ServerProcess(tmp_path_factory.mktemp("server"), webhook_private_addresses="true")
    started.start()
    for title in ("Concerto", "Baile"):
        make_event(started, title)
    yield started
    started.stop()


def go_to(page: Any, address: str) -> None:
    page.evaluate("(address) => (location.hash = address)", address)


def two_lists(page: Any, server: ServerProcess) -> None:
    """Come from the list of one event to that of another."""
    open_page(page, server, BEFORE[1:])
    page.wait_for_selector(".event:has-text('Concerto')")
    go_to(page, HERE)
    page.wait_for_selector(".event:has-text('Baile')")


def undo(page: Any, server: ServerProcess) -> None:
    imports = []
    for title in ("A", "B"):
        text = f"title,event_date,city\nImport {title},2027-03-03T10:00,Recife\n"
        url = f"{server.url}/api/v1/uploads"
        sent = httpx.post(
            url, files={"file": (f"{title}.csv", text)}, headers={"Prefer": "wait=30"}, timeout=60
        )
        imports.append(sent.raise_for_status().json()["upload_id"])
    open_page(page, server, f"import/{imports[0]}")
    page.wait_for_selector(f"[data-upload='{imports[0]}']")
    go_to(page, f"#import/{imports[1]}")
    page.wait_for_selector(f"[data-upload='{imports[1]}']")
    page.get_by_role("button", name="Undo import").click()


def two_webhooks(page: Any, server: ServerProcess) -> None:
    hooks = []
    for name in ("a", "b"):
        json = {"url": f"http://127.0.0.1:9/{name}", "feeds": ["eventos"]}
        made = httpx.post(f"{server.url}/api/v1/webhooks", json=json, timeout=60)
        hooks.append(made.raise_for_status().json()["id"])
    open_page(page, server, f"webhooks/{hooks[0]}")
    page.wait_for_selector(f"[data-webhook='{hooks[0]}']")
    go_to(page, f"#webhooks/{hooks[1]}")
    page.wait_for_selector(f"[data-webhook='{hooks[1]}']")


def remove_webhook(page: Any, server: ServerProcess) -> None:
    two_webhooks(page, server)
    page.click("[data-webhook] [data-act=remove]")


def new_secret(page: Any, server: ServerProcess) -> None:
    two_webhooks(page, server)
    page.click("[data-webhook] [data-act=secret]")


def edit_webhook(page: Any, server: ServerProcess) -> None:
    two_webhooks(page, server)
    page.click("[data-webhook] [data-act=edit]")


def new_webhook(page: Any, server: ServerProcess) -> None:
    open_page(page, server, "dashboard")
    go_to(page, "#webhooks")
    page.get_by_role("button", name="New webhook").click()


def choose(page: Any) -> None:
    page.get_by_role("checkbox", name="Select “Baile”").check()
    page.get_by_role("toolbar").get_by_role("button", name="Change").click()


def bulk_change(page: Any, server: ServerProcess) -> None:
    two_lists(page, server)
    choose(page)


def bulk_change_before_the_dashboard(page: Any, server: ServerProcess) -> None:
    open_page(page, server, "dashboard")
    go_to(page, HERE)
    choose(page)


def calendar_address(page: Any, server: ServerProcess) -> None:
    two_lists(page, server)
    with page.expect_response("**/api/v1/calendars"):
        page.get_by_role("button", name="Subscribe").click()


def revoke(page: Any, server: ServerProcess) -> None:
    calendars = f"{server.url}/api/v1/calendars"
    httpx.post(calendars, json={"filters": {}}, timeout=60).raise_for_status()
    calendar_address(page, server)
    page.locator(DIALOG).get_by_role("button", name="Revoke").first.click()
    page.get_by_role("alertdialog").wait_for()


def new_event(page: Any, server: ServerProcess) -> None:
    two_lists(page, server)
    page.get_by_role("button", name="New event").click()


def edit_event(page: Any, server: ServerProcess) -> None:
    open_page(page, server, BEFORE[1:])
    page.locator(".item-title", has_text="Concerto").click()


@pytest.mark.parametrize(
    "opened",
    [
        undo,
        remove_webhook,
        new_secret,
        edit_webhook,
        new_webhook,
        bulk_change,
        bulk_change_before_the_dashboard,
        calendar_address,
        revoke,
        new_event,
        edit_event,
    ],
)
def test_the_back_button_leaves_a_dialog_as_cancelled(page: Any, server: ServerProcess, opened: Any) -> None:
    addresses: list[str] = []
    page.on("framenavigated", lambda frame: addresses.append(frame.url))
    opened(page, server)
    page.wait_for_selector(DIALOG)
    before = addresses[addresses.index(page.url) - 1]
    sent: list[str] = []
    page.on("request", lambda request: request.method != "GET" and sent.append(request.url))
    page.go_back()
    page.wait_for_selector("dialog", state="detached")
    page.wait_for_function("(url) => location.href === url", arg=before)
    page.wait_for_function(IS_HELD)
    page.wait_for_load_state("networkidle")
    assert page.locator("dialog").count() == 0
    assert page.locator("[role=toolbar]:visible").count() == 0
    assert sent == []


def typed(opened: Any, name: str, text: str) -> Any:
    def act(page: Any, server: ServerProcess) -> Any:
        opened(page, server)
        control = page.locator(DIALOG).get_by_label(name, exact=True)
        control.fill(text)
        return control

    return pytest.param(act, id=opened.__name__)


def bulk_type(page: Any, server: ServerProcess) -> Any:
    """What is chosen for many is typed as well."""
    bulk_change(page, server)
    page.locator(DIALOG).get_by_label("Field", exact=True).select_option("local_info.venue_type")
    control = page.locator(DIALOG).get_by_label("New value", exact=True)
    control.select_option(index=1)
    return control


TYPED = [
    typed(bulk_change, "New value", "Natal"),
    bulk_type,
    typed(edit_webhook, "Address of the receiver", "http://127.0.0.1:9/hook"),
    typed(new_webhook, "Address of the receiver", "http://127.0.0.1:9/hook"),
    typed(new_event, "Title", "Mostra"),
    typed(edit_event, "Title", "Concerto de câmara"),
]


@pytest.mark.parametrize("act", TYPED)
def test_who_keeps_what_was_typed_stays_where_it_was_typed(
    page: Any, server: ServerProcess, act: Any
) -> None:
    control = act(page, server)
    own, value = page.url, control.input_value()
    view = page.locator(".view:not([hidden])").inner_text()
    question = page.get_by_role("alertdialog")
    page.go_back()
    question.get_by_role("button", name="Keep editing").click()
    page.wait_for_function("(url) => location.href === url", arg=own)
    assert control.input_value() == value
    assert page.locator(".view:not([hidden])").inner_text() == view
    page.go_back()
    question.wait_for()
    # However often it is pressed, one question is asked.
    page.go_forward()
    page.wait_for_function("(url) => location.href === url", arg=own)
    assert question.count() == 1
    page.go_back()
    question.get_by_role("button", name="Discard").click()
    page.wait_for_selector("dialog", state="detached")
    page.wait_for_function("(url) => location.href !== url", arg=own)
    page.wait_for_function(IS_HELD)


def test_a_question_about_what_was_typed_is_answered_no_by_the_back_button(
    page: Any, server: ServerProcess
) -> None:
    bulk_change(page, server)
    value = page.locator(DIALOG).get_by_label("New value", exact=True)
    value.fill("Natal")
    page.keyboard.press("Escape")
    page.get_by_role("alertdialog").wait_for()
    page.go_back()
    page.get_by_role("alertdialog").wait_for(state="detached")
    page.wait_for_function("(hash) => location.hash === hash", arg=HERE)
    assert value.input_value() == "Natal"
    # What is as it was is left without a question.
    value.fill("")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")


@pytest.mark.parametrize(
    ("act", "address", "method"),
    [
        (typed(bulk_change, "New value", "Recife").values[0], "**/api/v1/eventos/*", "PATCH"),
        (
            typed(new_webhook, "Address of the receiver", "http://127.0.0.1:9/c").values[0],
            "**/api/v1/webhooks",
            "POST",
        ),
        (typed(edit_event, "City", "Olinda").values[0], "**/api/v1/eventos/*", "PATCH"),
    ],
    ids=["bulk", "webhook", "event"],
)
def test_a_dialog_that_stores_something_holds_its_address_until_the_answer(
    page: Any, server: ServerProcess, act: Any, address: str, method: str
) -> None:
    act(page, server)
    own = page.url
    gate = Gate(page, address, method)
    page.click(SAVE)
    gate.wait()
    page.go_back()
    page.locator(f"{DIALOG} #toast").wait_for()
    page.wait_for_function("(url) => location.href === url", arg=own)
    assert page.locator(DIALOG).count() == 1
    gate.open()
    if method == "POST":
        # What is shown once stays, although the page goes on to the webhook.
        page.wait_for_function("() => /#webhooks\\/./.test(location.hash)")
        assert page.input_value("dialog input.mono").startswith("whsec_")
        page.locator(DIALOG).get_by_role("button", name="Close").click()
    page.wait_for_selector("dialog", state="detached")
    assert len(gate.seen) == 1


def test_an_address_that_was_gone_to_before_leaves_no_dialog(page: Any, server: ServerProcess) -> None:
    """Browsers tell of an address after the script that went there."""
    open_page(page, server, BEFORE[1:])
    page.wait_for_selector(".event:has-text('Concerto')")
    page.get_by_role("button", name="New event").evaluate(
        "(button, address) => { location.hash = address; button.click(); }", HERE
    )
    page.wait_for_selector(".event:has-text('Baile')")
    assert page.locator(DIALOG).count() == 1


def held_imports(page: Any, server: ServerProcess) -> tuple[list[str], list[Any]]:
    """Look at one import, and go to another whose answer does not come yet."""
    undo(page, server)
    page.get_by_role("alertdialog").get_by_role("button", name="Keep").click()
    second = page.get_attribute("[data-upload]", "data-upload")
    page.go_back()
    page.wait_for_function(
        "(id) => document.querySelector('[data-upload]')?.dataset.upload !== id", arg=second
    )
    first = page.get_attribute("[data-upload]", "data-upload")
    held: list[Any] = []
    page.route(f"**/api/v1/uploads/{second}", lambda route: held.append(route))  # noqa: PLW0108
    go_to(page, f"#import/{second}")
    return [first, second], held


def test_a_question_goes_with_the_import_that_it_is_about(page: Any, server: ServerProcess) -> None:
    imports, held = held_imports(page, server)
    page.get_by_role("button", name="Undo import").click()
    page.wait_for_selector("dialog.question")
    until_held(page, held)
    held.pop().continue_()
    page.wait_for_selector(f"[data-upload='{imports[1]}']")
    assert page.locator(DIALOG).count() == 0
    assert page.evaluate(IS_HELD)
    for one in imports:
        answer = httpx.get(f"{server.url}/api/v1/uploads/{one}", timeout=60).json()
        assert answer["status"] == "completed"


def test_whoever_has_gone_back_to_an_import_does_not_get_the_other(page: Any, server: ServerProcess) -> None:
    imports, held = held_imports(page, server)
    until_held(page, held)
    page.go_back()
    page.wait_for_function("(id) => location.hash === `#import/${id}`", arg=imports[0])
    with page.expect_response(f"**/api/v1/uploads/{imports[1]}"):
        held.pop().continue_()
    page.evaluate("() => new Promise((done) => setTimeout(done))")
    assert page.get_attribute("[data-upload]", "data-upload") == imports[0]
    assert page.evaluate("location.hash") == f"#import/{imports[0]}"


def until_held(page: Any, held: list[Any]) -> None:
    while not held:
        page.wait_for_timeout(20)
