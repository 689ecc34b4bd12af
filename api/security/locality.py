"""Decides whether a request is local end to end.

An open server is meant for the person at its own machine. A reverse proxy on that machine looks
local, too: its peer is 127.0.0.1. What it adds to a request gives it away, or the account it runs as.
"""

from functools import lru_cache
from typing import Any

from api.loopback import is_loopback
from api.security.origins import header, hostname
from api.security.peer_owner import is_of_a_person, owner_of
from api.transport_extension import CONNECTION_STATE

NOT_LOCAL = "not_local"
"""Where a request's state holds the sign, on a server that is open to local requests."""

_OWNERS_SIGN = "owner's sign"
"""In the state of a connection: a socket keeps its owner for life."""

_MARKS = frozenset(
    {
        b"forwarded",  # RFC 7239
        b"via",  # RFC 9110 §7.6.3
        b"cdn-loop",  # RFC 8586
        b"client-ip",
        b"do-connecting-ip",
        b"early-data",  # RFC 8470
        b"front-end-https",
        b"incap-client-ip",
        b"max-forwards",
        b"proxy-authorization",
        b"proxy-connection",
        b"surrogate-capability",
        b"true-client-ip",
        b"wl-proxy-client-ip",
        b"x-host",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-remote-addr",
        b"x-remote-ip",
        b"x-remote-user",
        b"x-served-by",
        b"x-request-start",
        b"x-scheme",
        b"x-sucuri-clientip",
        b"x-url-scheme",
        b"x-varnish",
    }
)
_MARKING_PREFIXES = (
    b"akamai-",
    b"cf-",
    b"cloudfront-",
    b"fastly-",
    b"fly-",
    b"ngrok-",
    b"proxy-client-",
    b"remote-",  # forward authentication: Authelia, Authentik
    b"tailscale-",
    b"x-akamai-",
    b"x-amz-cf-",
    b"x-amzn-",
    b"x-appengine-",
    b"x-appgw-",
    b"x-arr-",
    b"x-auth-request-",  # oauth2-proxy
    b"x-authentik-",
    b"x-azure-",
    b"x-bluecoat-",
    b"x-cloud-trace-",
    b"x-envoy-",
    b"x-forwarded",  # also X-Forwarded alone
    b"x-forwarder",
    b"x-consumer-",  # Kong
    b"x-edge-",
    b"x-fd-",
    b"x-goog-",
    b"x-haproxy-",
    b"x-kong-",
    b"x-lb-",
    b"x-ms-client-",  # Azure's "Easy Auth"
    b"x-nf-",  # Netlify
    b"x-nginx-",
    b"x-original-",
    b"x-pomerium-",
    b"x-proxy",
    b"x-real-",
    b"x-traefik-",
    b"x-vercel-",
    b"x-webauth-",
)

_LONGEST_MARK = 64
"""More than any mark has: of a name, which a caller may make as long as a head, only so much is kept."""


def sign_of_others(scope: dict[str, Any]) -> str | None:
    """Return the sign that a request is not local end to end, in words; None if it is local.

    It must be asked before anything rewrites the scope. It errs on the side of caution: a local
    program that sends such a header is asked for a token.
    """
    client = scope.get("client")
    if client is None or not is_loopback(client[0]):
        return "its sender is not this machine"
    if not is_loopback(hostname(header(scope, b"host") or "")):
        return "its Host is not this machine's own name"
    if (mark := _mark(scope)) is not None:
        return f"it has the header {mark.decode('latin-1')}"
    if _is_as_nginx_sends(scope):
        return "it is HTTP/1.0 with Connection: close, as proxies send"
    return _sign_of_its_owner(scope)


def _sign_of_its_owner(scope: dict[str, Any]) -> str | None:
    """Return what the account of the sender says; None also where there is no connection of ours."""
    state = (scope.get("extensions") or {}).get(CONNECTION_STATE)
    if state is None:
        return None
    if _OWNERS_SIGN not in state:
        state[_OWNERS_SIGN] = _find_sign_of_owner(scope)
    found: str | None = state[_OWNERS_SIGN]
    return found


def _find_sign_of_owner(scope: dict[str, Any]) -> str | None:
    server = scope.get("server")
    if not (server and is_loopback(server[0])):
        return None
    owner = owner_of(scope["client"], server)
    if owner == "gone":
        return "its sender has closed the connection, so that nothing shows who it was"
    if owner is not None and not is_of_a_person(owner):
        return "its sender runs as the account of a service, as proxies do"
    return None


def _mark(scope: dict[str, Any]) -> bytes | None:
    for name, _ in scope["headers"]:
        if _is_mark(name[:_LONGEST_MARK]):
            found: bytes = name
            return found
    return None


@lru_cache(1024)
def _is_mark(name: bytes) -> bool:
    return name in _MARKS or name.startswith(_MARKING_PREFIXES)


def _is_as_nginx_sends(scope: dict[str, Any]) -> bool:
    """Return whether a request is what nginx's `proxy_pass` alone makes of any: it has no other mark.

    No client has a reason for it: without keep-alive, HTTP/1.0 closes by itself.
    """
    is_old = scope.get("http_version") == "1.0"
    return is_old and (header(scope, b"connection") or "").strip().lower() == "close"
