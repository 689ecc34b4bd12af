"""One delivery: a signed POST to an address that was checked, bounded in time and bytes."""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cached_property
from math import ceil
from pathlib import Path
from ssl import SSLCertVerificationError, SSLContext, SSLError

import anyio
import httpx
from msgspec import Raw, Struct, json

from api.services.webhooks.addresses import AddressError, Addresses, read_url
from api.services.webhooks.signing import signed_headers
from domain.problems import Problem, problem
from domain.webhooks import Attempt, Webhook

ANSWER_SECONDS = 15.0
"""For name, connection, request and the head of the answer together."""
STEP_SECONDS = 5.0
"""For a connection, for what is sent or received next; an answer's head may take all of the above."""
MOST_ANSWER_BYTES = 64 * 1024
"""Nothing of an answer's body is needed; more than this is not waited for."""
DRAIN_SECONDS = 1.0
"""So long its body is waited for: a connection whose answer is read to its end serves the next delivery."""
MOST_ADDRESSES = 3
LONGEST_ERROR = 200
LONGEST_CAUSE = 120
LONGEST_RETRY_AFTER = 3600
LONGEST_DATE = 100

_UNKNOWN_ISSUER = {18, 19, 20, 21}
"""Codes of a certificate whose authority is not known. Source: OpenSSL, X509_STORE_CTX_get_error."""

logger = logging.getLogger("fasttrack.webhooks")


class Outgoing(Struct, frozen=True):
    """The message to send, as JSON with its id.

    Attributes:
        trace: sent as `traceparent`, so that the receiver can continue the trace. Source: W3C Trace Context.
    """

    message_id: str
    body: bytes
    trace: str | None = None


class _Head(Struct):
    """Those members of a message that a CloudEvent has outside of its data."""

    type: str
    id: str
    at: str
    feed: str


class _CloudEvent(Struct, frozen=True):
    """Source: CloudEvents 1.0.2, JSON format, structured mode."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    data: Raw


def cloud_event(body: bytes) -> bytes:
    """Return a message in the envelope of CloudEvents: the message itself is `data`."""
    head = json.decode(body, type=_Head)
    return json.encode(
        _CloudEvent(
            specversion="1.0",
            id=head.id,
            source="/fasttrack",
            type=f"fasttrack.{head.type}",
            subject=head.feed,
            time=head.at,
            datacontenttype="application/json",
            data=Raw(body),
        )
    )


class Sender:
    """Sends messages to receivers.

    Args:
        addresses: finds where a receiver is, and refuses what must not be called.
        now_ms: milliseconds since 1970, UTC.
        ca_file: certificates of authorities (PEM) that are trusted besides the usual ones.
    """

    def __init__(
        self, addresses: Addresses, *, now_ms: Callable[[], int], ca_file: Path | None = None
    ) -> None:
        self._addresses = addresses
        self._now_ms = now_ms
        self._ca_file = ca_file

    def client(self) -> httpx.AsyncClient:
        """Return an HTTP client for one webhook, so that slow receivers do not share connections.

        It follows no redirect, and no proxy of the environment, which would resolve names itself.
        """
        return httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            verify=self._tls,
            timeout=httpx.Timeout(STEP_SECONDS, read=ANSWER_SECONDS),
            limits=httpx.Limits(max_connections=1),
        )

    @cached_property
    def _tls(self) -> SSLContext:
        """The trusted certificates, read once: that takes tens of milliseconds."""
        context = httpx.create_ssl_context()
        if self._ca_file is not None:
            context.load_verify_locations(cafile=self._ca_file)
        return context

    async def send(self, client: httpx.AsyncClient, webhook: Webhook, message: Outgoing) -> Attempt:
        """POST one message and return the attempt; every error is a failed attempt.

        The status decides as soon as it is there, whatever becomes of the body. Source: RFC 9110 §15.
        """
        at_ms, began = self._now_ms(), time.perf_counter()
        answer: httpx.Response | None = None
        status, why, retry_after = None, None, 0
        try:
            with anyio.fail_after(ANSWER_SECONDS):
                answer = await self._post(client, webhook, message, at_s=at_ms // 1000)
            status, why = answer.status_code, _why_not(answer)
            retry_after = _retry_after(answer, now_ms=self._now_ms())
        except TimeoutError:
            why = problem("undelivered.timeout", seconds=round(ANSWER_SECONDS))
        except AddressError as refused:
            why = refused.problem
        except (httpx.HTTPError, httpx.InvalidURL) as failed:
            why = _why_not_reached(failed)
        except Exception:
            # One receiver must not stop the server; this attempt is in the webhook's log, and here.
            logger.exception("a delivery to webhook %s failed", webhook.id)
            why = problem("undelivered.internal")
        took_ms = round((time.perf_counter() - began) * 1000)
        if answer is not None:
            await _drain(answer)
        told = None if why is None else why.message[:LONGEST_ERROR]
        return Attempt(message.message_id, at_ms, took_ms, status, told, retry_after, why)

    async def _post(
        self, client: httpx.AsyncClient, webhook: Webhook, message: Outgoing, *, at_s: int
    ) -> httpx.Response:
        url = read_url(webhook.url)
        addresses = (await self._addresses.of(url))[:MOST_ADDRESSES]
        is_cloud_event = webhook.format == "cloudevents"
        body = cloud_event(message.body) if is_cloud_event else message.body
        headers = {
            "Host": url.netloc.decode("ascii"),
            "Content-Type": "application/cloudevents+json" if is_cloud_event else "application/json",
            "User-Agent": "fasttrack-webhooks",
            **signed_headers(webhook.secrets_at(at_s * 1000), message.message_id, at_s=at_s, body=body),
        }
        if message.trace is not None:
            headers["traceparent"] = message.trace
        for address in addresses[:-1]:
            try:
                return await _exchange(client, url, address, headers, body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # Nothing was sent; the last one's failure is the one that counts.
        return await _exchange(client, url, addresses[-1], headers, body)


async def _exchange(
    client: httpx.AsyncClient, url: httpx.URL, address: str, headers: Mapping[str, str], body: bytes
) -> httpx.Response:
    """POST to one address, return the answer's head; the name goes into Host and TLS, for the certificate.

    Whoever gets it drains and closes it.
    """
    request = client.build_request(
        "POST",
        url.copy_with(host=address),
        content=body,
        headers=headers,
        extensions={"sni_hostname": url.raw_host.decode("ascii")},
    )
    return await client.send(request, stream=True)


async def _drain(answer: httpx.Response) -> None:
    """Read a body to its end where that is near, and close; one that is slow or cut short changes nothing."""
    received = 0
    try:
        with anyio.move_on_after(DRAIN_SECONDS), suppress(httpx.HTTPError):
            # Raw: what a small body may unpack to is nobody's business.
            async for chunk in answer.aiter_raw():
                received += len(chunk)
                if received > MOST_ANSWER_BYTES:
                    break
    finally:
        with suppress(httpx.HTTPError):
            await answer.aclose()


def _why_not_reached(failed: BaseException) -> Problem:
    """Return why there is no answer; a certificate that is not accepted is named as the cause."""
    cause: BaseException | None = failed
    while cause is not None and not isinstance(cause, SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, SSLCertVerificationError):
        rule = "authority" if cause.verify_code in _UNKNOWN_ISSUER else "certificate"
        return problem(f"undelivered.{rule}", because=cause.verify_message[:LONGEST_CAUSE])
    if cause is not None:
        return problem("undelivered.tls", because=str(cause.reason or cause)[:LONGEST_CAUSE])
    rule = "connect" if isinstance(failed, httpx.ConnectError | httpx.ConnectTimeout) else "broken"
    return problem(f"undelivered.{rule}", because=f"{type(failed).__name__}: {failed}"[:LONGEST_CAUSE])


def _why_not(answer: httpx.Response) -> Problem | None:
    if answer.is_success:
        return None
    rule = "redirected" if answer.has_redirect_location else "answered"
    return problem(f"undelivered.{rule}", answer=str(answer.status_code))


def _retry_after(answer: httpx.Response, *, now_ms: int) -> int:
    """Return the seconds that a receiver asks for, as a number or as a date. Source: RFC 9110 §10.2.3."""
    text = answer.headers.get("retry-after", "")
    if answer.is_success or not text.isascii():
        return 0
    if text.isdigit():
        digits = text.lstrip("0")
        return LONGEST_RETRY_AFTER if len(digits) > 9 else min(int(digits or "0"), LONGEST_RETRY_AFTER)
    return min(max(_seconds_until(text, now_ms=now_ms), 0), LONGEST_RETRY_AFTER)


def _seconds_until(date: str, *, now_ms: int) -> int:
    """Return the seconds until an HTTP date, 0 for what is none."""
    try:
        at = parsedate_to_datetime(date[:LONGEST_DATE])
    except (ValueError, TypeError, OverflowError):
        return 0
    # An HTTP date is always GMT, also where it does not say so.
    return ceil((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now_ms / 1000)
