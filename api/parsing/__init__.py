"""Parses files in separate processes, so that parsing and storing run on two cores."""
