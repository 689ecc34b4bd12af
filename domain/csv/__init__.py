"""Reads CSV: bytes in, rows out. Source: RFC 4180, and the variants that spreadsheets write."""
