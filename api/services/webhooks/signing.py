"""Secrets and signatures of webhooks. Source: Standard Webhooks 1.0, "Webhook signature scheme"."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from secrets import token_bytes

PREFIX = "whsec_"
"""The public part of every secret, so that scanners find leaks."""

SHORTEST, LONGEST = 24, 64
"""Bytes of a secret."""

SECRET_RULE = f"secret must be {PREFIX} and the Base64 of {SHORTEST} to {LONGEST} random bytes"


def new_webhook_secret() -> str:
    """Return a secret of 32 random bytes."""
    return PREFIX + base64.b64encode(token_bytes(32)).decode()


def key_of(secret: str) -> bytes | None:
    """Return the key bytes of a secret, None for a malformed one."""
    if not secret.startswith(PREFIX) or not secret.isascii():
        return None
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return None
    return key if SHORTEST <= len(key) <= LONGEST else None


def signed_headers(secrets: Sequence[str], message_id: str, *, at_s: int, body: bytes) -> dict[str, str]:
    """Return the three headers that sign a body and its time.

    There is one signature for each secret, so that a receiver may hold any of them.
    """
    signed = b"%b.%d.%b" % (message_id.encode(), at_s, body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = key_of(secret)
    assert key is not None, "secrets are checked before they are stored"
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"
