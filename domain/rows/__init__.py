"""The code that all kinds of file share: from column names to the event of a row."""
