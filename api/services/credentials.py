"""Secrets: random generation, and the digest that is stored."""

import hashlib
import secrets

TOKEN_PREFIX = "ft_"  # noqa: S105 - the public part of every personal token, so that scanners find leaks


def new_token() -> str:
    """Return a personal token: ``ft_`` and 32 random bytes, URL-safe."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def new_secret() -> str:
    """Return the secret of a session, a ticket or a browser: 32 random bytes, URL-safe."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret, hex: what is stored and looked up.

    The secrets have 256 random bits, so a fast hash is enough, and a lookup by it tells an
    attacker's stopwatch nothing about the secret itself.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
