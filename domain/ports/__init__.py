"""The storage ports of the domain. Adapters in api/storage; one contract suite in tests/contracts.

Every store is bound to one connection: to a transaction (all reads and writes of it commit or
vanish together) or to a snapshot (reads only). Writing through a snapshot is a broken promise.
Times are milliseconds since 1970, UTC, and come from the caller: adapters have no clock.
"""
