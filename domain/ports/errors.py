"""The exceptions of all storage adapters."""


class StorageError(Exception):
    """A storage operation failed."""


class StoreUnusableError(StorageError):
    """The store cannot be used as it is; the message explains why, and what to do."""


class StorageFullError(StorageError):
    """No space is left; nothing was stored."""


class QuotaError(StorageFullError):
    """A person's quota is used up. `limit_bytes`: what may be staged for unfinished imports."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"more than {limit_bytes} bytes would be staged for unfinished imports")
        self.limit_bytes = limit_bytes


class StorageUnavailableError(StorageError):
    """The store does not answer at the moment; the caller may try again later."""


class StorageConflictError(StorageUnavailableError):
    """The store gave up a transaction for another; nothing of it is stored, and it can be tried again."""


class StorageFaultError(StorageError):
    """The store refused a statement for a reason that may last, or pass, as while its tables are restored."""


class WorkElsewhereError(StorageUnavailableError):
    """Another process is at work on what was asked for; the caller may try again later."""


class BlobOffsetError(StorageError):
    """An append was not at the end of the blob."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the blob ends at {size}")
        self.size = size
