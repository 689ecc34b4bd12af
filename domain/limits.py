"""The limits of all fields, each defined once.

The rules, the fast path of CSV, the JSON schema and the tests read these as `limits.NAME`, so that
a changed number changes all of them.
"""

REQUIRED = ("title", "event_date", "city")
"""Fields that each event has; an import recognises an event by them, unless it is told others."""

TITLE_CHARACTERS = 100
CITY_CHARACTERS = 100
PARTICIPANTS = 1000
"""Names of one event."""

LOCATION_NAME_LEAST_CHARACTERS = 2
LOCATION_NAME_CHARACTERS = 200
ADDRESS_CHARACTERS = 300
CAPACITY = 2**31 - 1

STORED_INTEGER = 2**63 - 1
"""The largest integer that a database holds."""

CELL_BYTES = 64 * 1024
"""Bound of any one text, in UTF-8 bytes."""

RECORD_CHARACTERS = 1024 * 1024
"""Bound of one row, object or calendar entry of a file."""

FIRST_YEAR = 1900
LAST_YEAR = 2200
