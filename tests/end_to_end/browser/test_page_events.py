"""The list of events as people walk through it: long, sorted, filtered, changed in bulk, subscribed to."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.end_to_end.browser.acts import make_event, open_page, stored
from tests.end_to_end.server_process import ServerProcess

MANY = 20_000
LOOKS = {
    "desk, Portuguese": {"locale": "pt-BR", "viewport": {"width": 1280, "height": 900}},
    "phone, English": {"locale": "en-GB", "viewport": {"width": 360, "height": 740}, "is_mobile": True},
}

ARE_SHOWN = """
([first, last]) => [...document.querySelectorAll(".virtual > *")]
  .filter((row) => row.getBoundingClientRect().bottom > 0 && row.getBoundingClientRect().top < innerHeight)
  .every((row) => first <= Number(row.ariaPosInSet) && Number(row.ariaPosInSet) <= last && row.dataset.item)
"""
MIDDLE = "() => scrollTo(0, document.body.scrollHeight / 2)"
RESTING = (
    "() => void (window.resting = new Promise((done) => addEventListener('scrollend', done, {once: true})))"
)
ROWS = "() => document.querySelectorAll('.virtual > *').length"
TITLES = "() => [...document.querySelectorAll('.event .item-title')].map(({textContent}) => textContent)"


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with many events."""
    started = ServerProcess(tmp_path_factory.mktemp("crowded"))
    started.start()
    lines = ["title,event_date,city"]
    lines += [f"Sessão {n:05},2030-{n % 12 + 1:02}-{n % 28 + 1:02}T19:00,Recife" for n in range(MANY)]
    files = {"file": ("muitos.csv", "\n".join(lines).encode())}
    wait = {"Prefer": "wait=60"}
    answer = httpx.post(f"{started.url}/api/v1/uploads", files=files, headers=wait, timeout=120)
    assert answer.json()["accepted"] == MANY
    yield started
    started.stop()


@contextmanager
def scrolled(page: Any) -> Iterator[None]:
    """Wait until what the block began to scroll rests: a browser drops a key that comes before."""
    page.evaluate(RESTING)
    yield
    page.evaluate("() => resting")


@pytest.mark.parametrize("look", LOOKS)
def test_a_long_list_shows_any_place_at_once_with_few_rows_drawn(
    browser: Any, crowded: ServerProcess, look: str
) -> None:
    profile = browser.new_context(**LOOKS[look])
    profile.set_default_timeout(45_000)
    page = profile.new_page()
    open_page(page, crowded, "events?when=all")
    page.wait_for_selector(".event")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(2):
        with scrolled(page):
            page.keyboard.press("End")
        page.wait_for_function(ARE_SHOWN, arg=[MANY - 30, MANY])
        assert page.evaluate(ROWS) < 40
        with scrolled(page):
            page.evaluate(MIDDLE)
        page.wait_for_function(ARE_SHOWN, arg=[MANY // 2 - 50, MANY // 2 + 50])
        with scrolled(page):
            page.keyboard.press("Home")
        page.wait_for_function(ARE_SHOWN, arg=[1, 30])
    # Of the forty pages between the ends, those that a moving list happens to show are read at each pass:
    # how many depends on how often the machine draws, but it is not all of them.
    assert len([url for url in asked if "/eventos?" in url]) < 6 * 20
    profile.close()


def test_events_are_sorted_and_the_back_button_leads_to_the_filters_before(
    page: Any, start_server: Any
) -> None:
    server = start_server()
    for title, city in (("Zabumba", "Olinda"), ("Ciranda", "Recife"), ("Maracatu", "Recife")):
        make_event(server, title, city=city)
    open_page(page, server, "events?when=all")
    page.get_by_label("Order").select_option("title")
    page.wait_for_function(f"() => ({TITLES})().join() === 'Ciranda,Maracatu,Zabumba'")
    page.goto(f"{server.url}/#events?when=all&sort=title&city=Recife")
    page.wait_for_function(f"() => ({TITLES})().join() === 'Ciranda,Maracatu'")
    assert page.get_by_role("combobox", name="City").input_value() == "Recife"
    page.go_back()
    page.wait_for_function(f"() => ({TITLES})().length === 3")
    assert page.get_by_label("Order").input_value() == "title"
    page.go_back()
    page.wait_for_function("() => !location.hash.includes('sort')")


def test_chosen_events_are_changed_and_deleted_and_a_deletion_is_taken_back(
    page: Any, start_server: Any
) -> None:
    server = start_server()
    for number in range(4):
        make_event(server, f"Evento {number}")
    open_page(page, server, "events?when=all")
    for number in (0, 1):
        page.get_by_role("checkbox", name=f"Select “Evento {number}”").check()
    bar = page.get_by_role("toolbar", name="Selected events")
    bar.get_by_role("button", name="Change").click()
    page.locator("dialog[open] input").fill("Caruaru")
    page.locator("dialog[open] button[type=submit]").click()
    page.get_by_text("2 events changed.").wait_for()
    assert stored(server, city="Caruaru")["total"] == 2

    bar.get_by_role("button", name="Delete").click()
    page.get_by_text("2 events were deleted.").wait_for()
    page.wait_for_function(f"() => ({TITLES})().join() === 'Evento 2,Evento 3'")
    assert page.locator(".view:not([hidden]) .numbers", has_text="2 events").count()
    page.locator("#toast").get_by_role("button", name="Undo").click()
    page.wait_for_function(f"() => ({TITLES})().length === 4")
    assert stored(server)["total"] == 4

    # What is not taken back is carried out when the page goes.
    page.get_by_role("button", name="Delete “Evento 3”").click()
    page.wait_for_function(f"() => ({TITLES})().length === 3")
    page.goto(f"{server.url}/diagnose")
    page.wait_for_selector("main")
    for _ in range(100):
        if stored(server)["total"] == 3:
            break
        page.wait_for_timeout(100)
    assert stored(server)["total"] == 3


def test_a_form_with_changes_is_not_left_by_escape_without_a_question(page: Any, start_server: Any) -> None:
    server = start_server()
    event = make_event(server, "Ciranda")
    page.goto(f"{server.url}/#event/{event['id']}")
    page.wait_for_selector("dialog[open] form")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.goto(f"{server.url}/#event/{event['id']}")
    page.get_by_role("textbox", name="Title", exact=True).fill("Ciranda de roda")
    page.keyboard.press("Escape")
    question = page.get_by_role("alertdialog")
    question.get_by_role("button", name="Discard").wait_for()
    # A key too many loses nothing: the question gives the keyboard to the choice that keeps.
    page.keyboard.press("Enter")
    question.wait_for(state="detached")
    assert page.get_by_role("textbox", name="Title", exact=True).input_value() == "Ciranda de roda"
    page.keyboard.press("Escape")
    question.get_by_role("button", name="Discard").click()
    page.wait_for_selector("dialog", state="detached")
    assert stored(server)["items"][0]["title"] == "Ciranda"


def test_a_calendar_address_is_made_copied_used_and_revoked(
    context: Any, page: Any, start_server: Any
) -> None:
    server = start_server()
    make_event(server, "Ciranda")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_page(page, server, "events?when=all&city=Recife")
    page.get_by_role("button", name="Subscribe").click()
    dialog = page.get_by_role("dialog", name="Subscribe")
    dialog.get_by_role("button", name="Create an address").click()
    address = dialog.get_by_label("Address of the calendar").input_value()
    dialog.get_by_role("button", name="Copy").click()
    page.get_by_text("Address copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == address
    assert "SUMMARY:Ciranda" in httpx.get(address, timeout=60).text
    dialog.get_by_role("button", name="Revoke").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    dialog.locator(".item").wait_for(state="detached")
    assert dialog.get_by_label("Address of the calendar").count() == 0
    assert httpx.get(address, timeout=60).status_code in {401, 404}
    assert re.search(r"fc_[\w-]+", address)[0] not in page.content()  # type: ignore[index] # it was made above


def test_notifications_from_while_one_was_away_wait_and_stay_read(page: Any, start_server: Any) -> None:
    server = start_server()
    for number in range(3):
        httpx.post(f"{server.url}/api/v1/eventos/analise", timeout=30).raise_for_status()
        make_event(server, f"Evento {number}")
    # One for each event and each end of a task: one that came later would be unread again.
    while len(httpx.get(f"{server.url}/api/v1/notifications", timeout=60).json()["items"]) < 6:
        page.wait_for_timeout(50)
    open_page(page, server, "events")
    badge = page.locator("#notifications .badge")
    badge.wait_for()
    with page.expect_response("**/notifications/read"):
        page.locator("#notifications button").click()
    assert page.locator("#notifications .notice").count() == 6
    badge.wait_for(state="hidden")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert badge.is_hidden()


def test_a_double_click_makes_one(page: Any, start_server: Any) -> None:
    server = start_server()
    held: list[Any] = []

    def hold(route: Any) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    def click_twice(button: Any) -> None:
        with page.expect_request(lambda request: request.method == "POST"):
            button.dblclick()
        page.evaluate("() => new Promise(requestAnimationFrame)")
        assert len(held) == 1
        held.pop().continue_()

    page.route("**/api/v1/**", hold)
    open_page(page, server, "events?when=all")
    page.get_by_role("button", name="New event").click()
    page.get_by_label("Title", exact=True).fill("Mostra")
    page.get_by_label("City", exact=True).last.fill("Recife")
    click_twice(page.get_by_role("button", name="Save"))
    page.wait_for_selector(".event:has-text('Mostra')")
    assert stored(server)["total"] == 1
    page.goto(f"{server.url}/#tasks")
    click_twice(page.get_by_role("button", name="Analyse events"))
    # The button works again, once its request has been answered.
    page.wait_for_function("() => location.hash.startsWith('#tasks/')")
    click_twice(page.get_by_role("button", name="Analyse events"))


def test_an_unknown_address_has_a_page_that_leads_back(page: Any, server: ServerProcess) -> None:
    answer = page.goto(f"{server.url}/nothing/here")
    assert answer.status == 404
    page.get_by_role("link").first.click()
    page.wait_for_selector("html[data-ready]")


CITY_KEYS_MS = (0, 40)


@pytest.mark.parametrize("between_keys_ms", CITY_KEYS_MS)
def test_the_city_filter_takes_the_city_that_was_typed_however_fast(
    page: Any, start_server: Any, between_keys_ms: int
) -> None:
    server = start_server()
    for city in ("Recife", "São José", "Olinda"):
        make_event(server, f"Em {city}", city=city)
    open_page(page, server, "events?when=all")
    field = page.get_by_role("combobox", name="City")
    for typed, city in (
        ("recif", "Recife"),
        ("São José", "São José"),
        ("olin", "Olinda"),
        ("Natal", "Natal"),
    ):
        field.focus()
        page.keyboard.press("Control+a")
        page.keyboard.type(typed, delay=between_keys_ms)
        page.keyboard.press("Enter")
        page.wait_for_function(
            "(city) => new URLSearchParams(location.hash.split('?')[1]).get('city') === city", arg=city
        )
        assert field.input_value() == city


def test_a_city_that_is_typed_waits_for_the_click_that_leaves_it(page: Any, start_server: Any) -> None:
    server = start_server()
    make_event(server, "Ciranda", city="Recife")
    make_event(server, "Sarau", city="Olinda")
    open_page(page, server, "dashboard")
    page.goto(f"{server.url}/#events?when=all")
    page.wait_for_selector(".event")
    field = page.get_by_role("combobox", name="City")
    # A filter goes with it.
    field.press_sequentially("recif")
    page.get_by_role("button", name="Past", exact=True).click()
    page.wait_for_function("() => /when=past/.test(location.hash) && /city=Recife/.test(location.hash)")
    # What was opened stays open, and the list is not asked for what nobody sees.
    page.goto(f"{server.url}/#events?when=all")
    page.wait_for_selector(".event:nth-child(2)")
    field.press_sequentially("recif")
    page.locator(".item-title", has_text="Sarau").click(delay=100)
    page.wait_for_selector("dialog[open]")
    page.wait_for_function("() => !document.querySelector('[role=combobox]').value")
    page.keyboard.press("Escape")
    page.wait_for_function("() => location.hash === '#events?when=all'")
    assert page.locator(".event").count() == 2
    # The back button leads back, at once.
    page.goto(f"{server.url}/#dashboard")
    page.goto(f"{server.url}/#events?when=past")
    page.wait_for_selector("#view-events:not([hidden])")
    field.press_sequentially("recif")
    page.go_back()
    page.wait_for_selector("#view-dashboard:not([hidden])")
    page.go_forward()
    page.wait_for_selector("#view-events:not([hidden])")
    assert page.evaluate("location.hash") == "#events?when=past"
    assert field.input_value() == ""


@pytest.mark.parametrize("way", ["search", "month"])
def test_events_that_are_no_longer_seen_are_no_longer_chosen(page: Any, start_server: Any, way: str) -> None:
    server = start_server()
    for title in ("Ciranda", "Sarau", "Zabumba"):
        make_event(server, title)
    open_page(page, server, "events?when=all")
    bar = page.get_by_role("toolbar", name="Selected events")
    for title in ("Ciranda", "Sarau"):
        page.get_by_role("checkbox", name=f"Select “{title}”").check()
    # Another order shows the same events.
    page.get_by_label("Order").select_option("title")
    page.wait_for_function("() => /sort=title/.test(location.hash)")
    assert bar.get_by_text("2 selected").is_visible()
    if way == "search":
        page.get_by_label("Search title and description").fill("Zabumba")
    else:
        page.get_by_role("button", name="Month", exact=True).click()
    bar.wait_for(state="hidden")
    if way == "search":
        page.get_by_label("Search title and description").fill("")
    else:
        page.get_by_role("button", name="List", exact=True).click()
    page.wait_for_selector(".event:nth-child(3)")
    page.wait_for_function("() => !document.querySelector('.event input:checked')")


def test_a_crowded_month_counts_each_of_its_days(page: Any, crowded: ServerProcess) -> None:
    open_page(page, crowded, "events?layout=month&month=2030-03")
    page.wait_for_selector(".day-event")
    for day in ("2030-03-03", "2030-03-27", "2030-03-28", "2030-03-31"):
        total = stored(crowded, **{"from": day, "to": day})["total"]
        shown = page.locator(f"[data-day='{day}'] .day-count")
        assert (int(shown.text_content()) if shown.count() else 0) == total
        assert page.locator(f"[data-day='{day}'] .day-event").count() == min(total, 3)
    total = stored(crowded, **{"from": "2030-03-01", "to": "2030-03-31"})["total"]
    assert total > 1000
    page.get_by_text(f"{total:,} events in March 2030", exact=True).wait_for()


@pytest.mark.parametrize("way", ["more", "number"])
def test_the_keyboard_goes_to_the_list_of_a_day_and_comes_back_to_that_day(
    page: Any, crowded: ServerProcess, way: str
) -> None:
    open_page(page, crowded, "events?layout=month&month=2030-03")
    day = page.locator("[data-day='2030-03-27']")
    link = day.locator(f".day-{way}")
    day.locator(".day-more").wait_for()
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".event")
    page.wait_for_function("() => /events$/.test(document.activeElement.textContent)")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.closest('#view-events') !== null")
    page.go_back()
    day.locator(".day-more").wait_for()
    page.wait_for_function("() => document.activeElement.closest('[data-day]')?.dataset.day === '2030-03-27'")
    assert link.evaluate("(link) => link === document.activeElement")


def test_the_keyboard_stays_in_a_month_while_others_change_events(page: Any, start_server: Any) -> None:
    server = start_server()
    event = make_event(server, "Ciranda")
    open_page(page, server, "events?layout=month&month=2027-01")
    link = page.locator(".day-event", has_text="Ciranda")
    link.focus()
    make_event(server, "Sarau")
    page.locator(".day-event", has_text="Sarau").wait_for()
    assert link.evaluate("(link) => link === document.activeElement")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    make_event(server, "Frevo")
    page.locator(".day-event", has_text="Frevo").wait_for()
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.wait_for_function(f"() => document.activeElement.dataset.keep === 'event {event['id']}'")


def test_an_event_is_duplicated_and_nothing_is_stored_before_it_is_saved(
    page: Any, start_server: Any
) -> None:
    server = start_server()
    venue = {
        "location_name": "Teatro do Parque",
        "capacity": 300,
        "venue_type": "Teatro",
        "is_accessible": True,
        "address": "Rua do Hospício, 81",
        "past_events": ["Ciranda 2025"],
        "manually_edited": True,
    }
    told = {"description": "Na praia", "participants": ["Ana", "Bia"], "local_info": venue}
    event = make_event(server, "Ciranda", event_date="2027-01-01T10:00:00-03:00", **told)
    open_page(page, server, f"event/{event['id']}")
    form = page.get_by_role("dialog", name="Edit event")
    form.get_by_label("Title", exact=True).fill("Ciranda de roda")
    form.get_by_role("button", name="Duplicate").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Discard").click()
    copy = page.get_by_role("dialog", name="Copy of “Ciranda”")
    date = copy.get_by_label("Date", exact=True)
    assert date.evaluate("(input) => input === document.activeElement")
    assert copy.get_by_role("button", name="Duplicate").count() == 0
    page.keyboard.press("Escape")
    copy.wait_for(state="detached")
    assert stored(server)["total"] == 1

    page.goto(f"{server.url}/#event/{event['id']}")
    form.get_by_role("button", name="Duplicate").click()
    date.fill("2027-02-05T19:30")
    copy.get_by_role("button", name="Save").click()
    copy.wait_for(state="detached")
    first, second = stored(server, sort="id")["items"]
    given = {"id", "version", "created_at", "updated_at", "event_date"}
    assert {name: value for name, value in second.items() if name not in given} == {
        name: value for name, value in first.items() if name not in given
    }
    assert (first["event_date"], second["event_date"]) == (
        "2027-01-01T10:00:00-03:00",
        "2027-02-05T19:30:00-03:00",
    )


def test_a_question_that_is_refused_shows_why_and_no_events_of_another(page: Any, start_server: Any) -> None:
    server = start_server()
    make_event(server, "Ciranda")
    open_page(page, server, "events?when=all")
    page.wait_for_selector(".event")
    page.goto(f"{server.url}/#events?when=all&q={'z' * 600}")
    page.locator("#view-events .alert").get_by_text("600").wait_for()
    page.wait_for_selector(".event", state="detached")
    page.goto(f"{server.url}/#events?when=all")
    page.wait_for_selector(".event")
    assert page.locator("#view-events .alert").is_hidden()


def test_a_print_has_all_that_was_read_and_says_where_the_rest_is(page: Any, crowded: ServerProcess) -> None:
    open_page(page, crowded, "events?when=all")
    page.wait_for_selector(".event")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".virtual > .event").count() == 100
    assert "100 of 20,000" in page.locator(".only-print").text_content()
    # No paper for rows that are not there.
    assert page.evaluate("document.documentElement.scrollHeight") < 100 * 200
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.locator(".virtual > .event").count() < 40


@pytest.mark.parametrize(
    ("event_date", "day", "clock"),
    [
        ("2026-10-31T23:00:00-08:00", "2026-11-01", "23:00 UTC\N{MINUS SIGN}8"),
        ("2026-12-01T10:30:00+14:00", "2026-11-30", "10:30 UTC+14"),
        ("2026-11-10T01:00:00Z", "2026-11-09", "22:00"),
        ("2026-11-30T23:59:59-03:00", "2026-11-30", "23:59"),
        ("2026-11-30T23:59:59", "2026-11-30", "23:59"),
    ],
)
def test_an_event_stands_in_the_month_on_the_day_whose_list_has_it(
    page: Any, start_server: Any, event_date: str, day: str, clock: str
) -> None:
    server = start_server(timezone="America/Recife")
    make_event(server, "Beira", event_date=event_date)
    open_page(page, server, "events?layout=month&month=2026-11")
    page.get_by_text("1 event in November 2026", exact=True).wait_for()
    page.locator(f"[data-day='{day}'] .day-event", has_text=f"{clock} Beira").wait_for()
    assert page.locator(".day-event").count() == 1
    page.locator(f"[data-day='{day}'] .day-number").click()
    page.locator(".event .item-more", has_text=clock).wait_for()
    assert page.evaluate("location.hash") == f"#events?from={day}&to={day}"


@pytest.mark.parametrize("way", ["more", "number"])
def test_the_list_of_a_day_has_the_filters_of_its_month(page: Any, start_server: Any, way: str) -> None:
    server = start_server()
    venue = {"location_name": "Teatro do Parque", "capacity": 300, "venue_type": "Teatro"}
    for number in range(5):
        make_event(server, f"Frevo {number}", local_info=venue)
    make_event(server, "Frevo em Olinda", city="Olinda", local_info=venue)
    make_event(server, "Frevo na praça")
    make_event(server, "Sarau", local_info=venue)
    filters = "city=Recife&venue_type=Teatro&q=frevo"
    open_page(page, server, f"events?layout=month&month=2027-01&{filters}")
    page.locator("[data-day='2027-01-01'] .day-more").wait_for()
    page.locator(f"[data-day='2027-01-01'] .day-{way}").click()
    page.wait_for_function(f"() => ({TITLES})().length === 5")
    asked = page.evaluate("Object.fromEntries(new URLSearchParams(location.hash.split('?')[1]))")
    assert asked == {
        "city": "Recife",
        "venue_type": "Teatro",
        "q": "frevo",
        "from": "2027-01-01",
        "to": "2027-01-01",
    }


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("onward", ["#tasks", "#event/{other}", "#events?when=past"])
def test_an_answer_to_a_link_that_was_left_is_dropped(
    page: Any, start_server: Any, status: int, onward: str
) -> None:
    server = start_server()
    event, other = make_event(server, "Ciranda"), make_event(server, "Sarau")
    gone = event["id"] if status == 200 else 4711
    onward = onward.format(other=other["id"])
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route(f"**/api/v1/eventos/{gone}", hold)
    open_page(page, server, "events?when=all")
    page.wait_for_selector(".event")
    with page.expect_request(f"**/api/v1/eventos/{gone}"):
        page.evaluate(f"() => {{ location.hash = '#event/{gone}' }}")
    page.evaluate("(onward) => { location.hash = onward }", onward)
    view = "tasks" if onward == "#tasks" else "events"
    page.wait_for_selector(f"#view-{view}:not([hidden])")
    if "#event/" in onward:
        page.wait_for_selector("dialog[open]")
    with page.expect_response(f"**/api/v1/eventos/{gone}") as answer:
        held.pop().continue_()
    assert answer.value.finished() is None
    page.wait_for_timeout(300)
    assert page.evaluate("location.hash") == onward
    assert page.locator("#toast").is_hidden()
    titles = [field.input_value() for field in page.get_by_label("Title", exact=True).all()]
    assert titles == (["Sarau"] if "#event/" in onward else [])
    if not titles:
        page.locator("nav a[href='#events']").click()
        page.wait_for_selector("#view-events:not([hidden])")


@pytest.mark.parametrize("link", ["event/", "event", "event/.", "event/abc", "event/4711"])
def test_a_link_to_no_event_says_so_and_leaves_the_list(page: Any, start_server: Any, link: str) -> None:
    server = start_server()
    make_event(server, "Ciranda")
    open_page(page, server, "events?city=Recife")
    page.wait_for_selector(".event")
    page.evaluate("(link) => { location.hash = link }", link)
    page.locator("#toast").get_by_text("There is no").wait_for()
    assert page.evaluate("location.hash") == "#events?city=Recife"
    assert page.locator("dialog[open]").count() == 0


def test_a_filter_that_there_is_not_is_named_shown_and_cleared(page: Any, start_server: Any) -> None:
    server = start_server()
    make_event(server, "Ciranda")
    open_page(page, server, "events")
    clear = page.get_by_role("button", name="Clear filters").first
    for asked, label, shown, said in (
        ("venue_type=Foo", "Venue type", "Foo", "Venue type"),
        ("sort=x", "Order", "x", "Order"),
        ("venue_type=TEATRO", "Venue type", "Teatro", ""),
        ("sort=id", "Order", "id", ""),
    ):
        page.goto(f"{server.url}/#events?{asked}")
        select = page.get_by_label(label, exact=True)
        page.wait_for_function(
            "([select, shown]) => select.selectedOptions[0]?.textContent === shown",
            arg=[select.element_handle(), shown],
        )
        alert = page.locator("#view-events .alert")
        if said:
            alert.get_by_text(re.compile(f"^{said} ")).wait_for()
        else:
            alert.wait_for(state="hidden")
        clear.click()
        page.wait_for_function("() => location.hash === '#events'")
        page.wait_for_function("(select) => select.value === ''", arg=select.element_handle())
        alert.wait_for(state="hidden")
        assert select.locator("[data-given]").count() == 0
        page.wait_for_selector(".event")


def test_a_print_says_what_the_list_was_narrowed_to(page: Any, start_server: Any) -> None:
    server = start_server()
    make_event(server, "Ciranda")
    open_page(page, server, "events?city=Recife&venue_type=&q=cir")
    page.wait_for_selector(".event")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    said = page.locator("#view-events .only-print")
    assert said.inner_text() == "Upcoming · What is searched: “cir” · City: Recife"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
