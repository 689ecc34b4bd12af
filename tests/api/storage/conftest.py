"""Fixtures shared with the contract suites."""

from tests.contracts.conftest import anyio_backend, postgres

__all__ = ["anyio_backend", "postgres"]
