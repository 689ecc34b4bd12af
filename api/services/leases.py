"""How long a process keeps what it works on, for imports and tasks alike.

A process renews its leases each `LEASE_CHECK_SECONDS`. Work whose lease has ended is taken up by another one,
at most `LEASE_MS` and a check after its process was killed.
"""

LEASE_MS = 10_000
LEASE_CHECK_SECONDS = 3.0
CANCEL_CHECK_SECONDS = 0.5
"""How soon a request to cancel that came through another process is seen."""
