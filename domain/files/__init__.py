"""Recognises, previews and reads every kind of file, using the shared rows of `domain.rows`."""
