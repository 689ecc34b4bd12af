"""Names of the blobs of an import."""


def blob_id(upload_id: str) -> str:
    """Return the blob id of an import's staged file."""
    return f"upload-{upload_id}"


def table_id(upload_id: str) -> str:
    """Return the blob id of the table of an import's workbook."""
    return f"{blob_id(upload_id)}.table"
