"""Any options, in any place of a request and in any order: obeyed, or refused with nothing stored."""

import random

import pytest

from tests.api.services.imports.site import BOUNDARY, site_of

pytestmark = pytest.mark.anyio

GOOD = {
    "mode": "atomic",
    "dry_run": "true",
    "date_format": "dmy",
    "encoding": "utf-8",
    "delimiter": ";",
    "mapping": '{"title":"#1"}',
    "defaults": '{"city":"Recife"}',
    "sheet": "Plan1",
    "header_row": "1",
    "values": '{"city":{"recife":"Recife"}}',
    "on_duplicate": "skip",
    "key": "title,city",
}
BAD = {
    "dryrun": "true",
    "mode ": "atomic",
    "date_format": "ymd",
    "on_duplicate": "merge",
    "_charset_": "utf-8",
}
READ = {
    "dry_run": True,
    "mapping": {"title": "#1"},
    "defaults": {"city": "Recife"},
    "header_row": 1,
    "values": {"city": {"recife": "Recife"}},
    "key": ["title", "city"],
}


def request(draw, options, number):
    """Return the URL and body of a request with these options, each in a place of its own."""
    query, before, after = {}, [], []
    for name, value in options:
        place = draw.choice(("query", "before", "after"))
        if place == "query" and name not in query:
            query[name] = value
        else:
            (before if place == "before" else after).append((name, value))
    pieces = [*before, ("file", f"row {number}a\nrow {number}b\n"), *after]
    body = b""
    for name, value in pieces:
        named = '; filename="a.csv"' if name == "file" else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n{value}\r\n'
        body += head.encode()
    where = draw.choice(("query", "after"))
    if where == "query":
        query["upload_id"] = f"u{number}"
        closing = b""
    else:
        closing = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="upload_id"\r\n\r\nu{number}\r\n'.encode()
        )
    return query, body + closing + f"--{BOUNDARY}--\r\n".encode()


async def test_options_anywhere_in_a_form_are_applied_or_refused_with_nothing_stored(world):
    draw = random.Random(17)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Prefer": "wait=20"}
    async with site_of(world) as site:
        stored = 0
        for number in range(60):
            options = draw.sample(sorted(GOOD.items()), draw.randint(0, len(GOOD)))
            wrong = draw.random() < 0.4
            if wrong:
                bad = draw.choice(sorted(BAD.items()))
                options = [one for one in options if one[0] != bad[0] or draw.random() < 0.5]
                options.insert(draw.randint(0, len(options)), bad)
            query, body = request(draw, options, number)
            answer = await site.http.post("/uploads", params=query, content=body, headers=headers)
            assert answer.status_code == (422 if wrong else 201), answer.text
            if not wrong:
                told = (await site.http.get(f"/uploads/u{number}")).json()["options"]
                for name, value in options:
                    assert told[name] == READ.get(name, value), (name, told)
                stored += 0 if ("dry_run", "true") in options else 2
            assert len(await world.titles()) == stored, options
