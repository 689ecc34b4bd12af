"""What holds for every answer, whoever gives it."""

import pytest
from litestar import Litestar

from api.http.metrics import Metrics
from api.http.request_log import RequestLog
from api.services.credentials import new_secret, new_token

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", "/healthz", 405),
        ("POST", "/api/v1/eventos", 422),
        ("OPTIONS", "/api/v1/eventos", 204),
    ],
)
async def test_every_answer_has_a_request_id(client, method, path, status):
    answer = await client.request(method, path, content=b"{}" if method == "POST" else None)
    assert answer.status_code == status
    assert len(answer.headers.get_list("x-request-id")) == 1
    other = await client.request(method, path, headers={"X-Request-ID": "mine-1"})
    assert other.headers["x-request-id"] == "mine-1"


@pytest.mark.parametrize("strange", ["a b", "x" * 65, "<script>", "é".encode(), ""])
async def test_a_strange_request_id_is_replaced(client, strange):
    answer = await client.get("/healthz", headers={"X-Request-ID": strange})
    assert answer.headers["x-request-id"].isalnum()


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/eventos/x", "/%00", "/api/v1/eventos/1/2"])
async def test_an_unknown_path_gets_a_problem_document(client, path):
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/not-found"


async def test_a_405_lists_the_allowed_methods(client):
    answer = await client.post("/healthz")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert answer.json()["type"] == "/problems/method-not-allowed"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/eventos", "DELETE, GET, HEAD, OPTIONS, POST, PUT"),
        ("/api/v1/eventos/1", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/api/v1/eventos/lote", "OPTIONS, POST"),
        ("/api/v1/uploads/tus", "OPTIONS, POST"),
    ],
)
async def test_the_allow_header_lists_every_method_of_a_path(client, path, methods):
    assert (await client.options(path)).headers["allow"] == methods
    refused = await client.request("TRACE", path)
    assert (refused.status_code, refused.headers["allow"]) == (405, methods)


async def test_head_equals_get_without_the_body(client):
    for path in ("/healthz", "/api/v1/eventos", "/schema"):
        get, head = await client.get(path), await client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == get.headers["content-type"]
    assert (await client.head("/nowhere")).status_code == 404


async def test_an_internal_error_reveals_no_details(client, monkeypatch, caplog):
    async def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("secret /path/of/the/machine")

    monkeypatch.setattr("api.services.events.Events.get", broken)
    answer = await client.get("/api/v1/eventos/1")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal")
    assert "secret" not in answer.text
    assert "secret /path/of/the/machine" in caplog.text


async def test_readiness_ends_when_the_server_drains(client, monkeypatch):
    assert (await client.get("/readyz")).json() == {"status": "ready"}
    monkeypatch.setattr("api.services.readiness.Readiness.obstacle", lambda _: stopping())
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (503, "The server is stopping.")
    assert answer.headers["retry-after"] == "5"


async def stopping() -> str:
    return "The server is stopping."


async def test_metrics_count_every_answer(client):
    await client.get("/healthz")
    await client.get("/nowhere")
    answer = await client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert 'fasttrack_requests_total{method="GET",route="/healthz",status="200"} 1.0' in lines
    assert 'fasttrack_requests_total{method="GET",route="none",status="404"} 1.0' in lines
    assert 'fasttrack_request_seconds_count{route="/healthz"} 1.0' in lines


async def test_a_log_line_is_one_line_without_the_query(client, caplog):
    caplog.set_level("INFO", "fasttrack.access")
    await client.get("/no%0Awhere%1b[31m?ticket=secret")
    assert "secret" not in caplog.text
    assert [one.getMessage() for one in caplog.records if one.name == "fasttrack.access"] == [
        "GET /no%0Awhere%1b[31m 404"
    ]


@pytest.mark.parametrize(("leaves", "status"), [("before", 499), ("during", 200)])
async def test_only_a_client_that_disconnects_before_its_answer_counts_as_gone(leaves, status, caplog):
    """A client ends each stream: that is no failure of the answer."""

    async def streams(_scope, receive, send):
        if leaves == "before":
            await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if leaves == "during":
            await receive()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def gone():
        return {"type": "http.disconnect"}

    async def nowhere(_message):
        pass

    caplog.set_level("INFO", "fasttrack.access")
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/sse/eventos",
        "raw_path": b"/sse/eventos",
        "client": None,
        "headers": [],
        "state": {},
    }
    metrics = Metrics()
    await RequestLog(Litestar(logging_config=None), streams, metrics)(scope, gone, nowhere)
    assert [one.getMessage() for one in caplog.records if one.name == "fasttrack.access"] == [
        f"GET /sse/eventos {status}"
    ]
    assert f'method="GET",route="none",status="{status}"}} 1' in metrics.render().decode()


async def test_unknown_methods_share_one_label(client):
    for method in ("PROPFIND", "MKCOL"):
        await client.request(method, "/healthz")
    lines = (await client.get("/metrics")).text.splitlines()
    assert 'fasttrack_requests_total{method="other",route="none",status="501"} 2.0' in lines


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/client/fasttrack.js",
        "/schema",
        "/schema/page.css",
        "/metrics",
        "/api/v1/uploads/template.csv",
        "/api/v1/eventos/download?format=csv",
    ],
)
async def test_text_answers_name_their_charset_once(client, path):
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].count("charset=utf-8") == 1


SECRETS = {
    "token": new_token(),
    "the beginning of a token": new_token()[:12],
    "a token among others": f"req.{new_token()[:50]}",
    "a token behind a letter": f"x{new_token()}",
    "session or ticket": new_secret(),
    "session or ticket among others": f"a.{new_secret()}.b",
    "calendar address": f"fc_{new_secret()}",
    "webhook": "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}
PLAIN = ["mine-1", "0" * 32, "9b2c9c1e-5d7f-4c56-8a0b-1f2e3d4c5b6a", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "a" * 64]
PLAIN += ["draft_20260101", "left_12345678", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
async def test_a_request_id_that_looks_like_a_secret_is_replaced_and_not_logged(client, secret, caplog):
    with caplog.at_level("INFO"):
        answer = await client.get("/api/v1/eventos", headers={"X-Request-ID": secret})
    assert answer.headers["x-request-id"].isalnum()
    assert secret not in answer.headers["x-request-id"]
    assert secret not in caplog.text + str([record.__dict__ for record in caplog.records])


@pytest.mark.parametrize("own", PLAIN)
async def test_any_other_request_id_is_kept(client, own):
    answer = await client.get("/healthz", headers={"X-Request-ID": own})
    assert answer.headers["x-request-id"] == own


@pytest.mark.parametrize("path", ["/poll/eventos?wait=0", "/sse/eventos"])
async def test_the_head_of_an_answer_that_is_not_known_yet_has_no_length(client, path):
    answer = await client.head(path)
    assert answer.status_code == 200
    assert "content-length" not in answer.headers
    async with client.stream("GET", path) as whole:
        assert answer.headers["content-type"] == whole.headers["content-type"]
