"""The English of each problem, by its code and, where a code has several rules, the rule.

A client words a problem in its own language by `code`, `rule` and `params`; the page has the same keys in
api/static/page/languages, with the same parameters, which a test compares. `{field}` and `{value}` are
members of the problem itself.
"""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "required": "{field} is required",
    "too_long": "{field} has {length} characters; at most {limit} are allowed",
    "too_long.cell": "{field} is larger than {limit} KiB",
    "too_long.past_events": "{field} makes local_info larger than {limit} KiB",
    "too_long.row": "the row is longer than {limit} MiB",
    "too_long.object": "the object is longer than {limit} MiB",
    "too_long.entry": "the calendar entry is longer than {limit} MiB",
    "too_short": "{field} must have at least {limit} characters, not {value}",
    "out_of_range.capacity": "capacity must be {low} to {high}, not {value}",
    "out_of_range.rows": "rows must be {low} to {high}",
    "too_many_items": "{field} has {count} names; at most {limit} are allowed",
    "unknown_venue_type": "{value} is not a venue type; use one of: {known}",
    "unknown_member": "{value} is not a member that can be written; these are: {known}",
    # Types
    "invalid_type.nothing": "{field} is {value}: clear the cell, if there is nothing to say",
    "unknown_venue_type.nothing": "{value} is not a venue type: clear the cell, if there is nothing to say",
    "invalid_type.text": "{field} must be text, not {value}",
    "invalid_type.text_or_null": "{field} must be text or null, not {value}",
    "invalid_type.integer": "{field} must be an integer, not {value}",
    "invalid_type.digits": "{field} must be a whole number, in digits only and without quotes, not {value}",
    "invalid_type.flag": "{field} must be true or false, not {value}",
    "invalid_type.yes_or_no": "{field} must be yes or no, not {value}",
    "invalid_type.texts": "{field} must be a list of text, not {value}",
    "invalid_type.time_text": "{field} must be text such as 19:30, not {value}",
    "invalid_type.date_text": "{field} must be text such as 2025-07-01T10:00:00, not {value}",
    "invalid_type.names": "{field} must be a list of names, not {value}",
    "invalid_type.venue": "{field} must be one JSON object or null, not {value}",
    "invalid_type.object": "{field} must be a JSON object, not {value}",
    "invalid_type.array": "{field} must be a JSON array, not {value}",
    "invalid_type.objects": "{field} must be a list of JSON objects, not {value}",
    "invalid_type.item": "each item must be an object with the members of an event, not {value}",
    # Characters
    "control_character": "{field} contains control characters, which are invisible; remove them",
    "invalid_unicode.marks": "{field} has more than {limit} combining marks on one letter",
    "invalid_unicode.surrogate": (
        "{field} contains half of a UTF-16 surrogate pair, which is not a character"
    ),
    "invalid_unicode.byte": "byte {position} is not UTF-8",
    "encoding_error": (
        "{field} contains bytes that are not text in the file's encoding; save the file as UTF-8"
    ),
    "encoding_error.lost": "{field} has lost letters ({value}): write them again",
    "encoding_error.calendar": (
        "{field} contains bytes that are not UTF-8, the encoding of calendars: say which one it is, such as "
        "encoding=windows-1252, or save the file as UTF-8"
    ),
    # Dates
    "invalid_date": "{field} must be a date like 2025-07-01T10:00:00, not {value}",
    "invalid_date.no_year": (
        "{field} must be a date like 2025-07-01T10:00:00, not {value}; the year is missing"
    ),
    "invalid_date.no_day": (
        "{field} must be a date like 2025-07-01T10:00:00, not {value}; the day is missing"
    ),
    "invalid_date.not_in_month": "{field} is {value}, but that month has no such day",
    "invalid_date.range": (
        "{field} must be the time of the start, like 2025-07-01T10:00:00, not a range like {value}"
    ),
    "invalid_date.dmy": "{value} contradicts the order of the file's dates, which have the day first",
    "invalid_date.mdy": "{value} contradicts the order of the file's dates, which have the month first",
    "invalid_date.dmy_proved": (
        "{value} contradicts the order of the file's dates, which have the day first, as line {proof} shows"
    ),
    "invalid_date.mdy_proved": (
        "{value} contradicts the order of the file's dates, which have the month first, as line {proof} shows"
    ),
    "invalid_date.exchanged": (
        "{value} may be {other}: every real date of this column has a day up to 12, and every one in text a "
        "part above 12 (see line {proof}), as where a spreadsheet of another country opened the file; "
        "write the day that is meant, or set date_format to take all of them as they stand"
    ),
    "invalid_date.odd_seconds": (
        "{value} may be {other}: it has seconds of no event, as SheetJS and others move the times of a "
        "workbook; write the time that is meant"
    ),
    "invalid_date.weekday": "{value}: {day} is a {is_one}, not a {not_one}; which of the two is right?",
    "invalid_date.time": "{field} must be a time like 19:30, not {value}",
    "invalid_date.nothing": "{field} is {value}, which is no time: clear the cell, if there is none",
    "invalid_date.zone": (
        "event_date is in the time zone {value}, which is neither known nor defined in the file"
    ),
    "invalid_date.offset_seconds": (
        "{value} is in the time zone {zone}, whose offset had seconds at that time: write it in UTC"
    ),
    "invalid_date.cancels_first": (
        "this entry cancels the first date, {value}, of a recurring event above, which was imported at that "
        "date: correct that event instead"
    ),
    "invalid_date.changes_first": (
        "this entry changes the first date, {value}, of a recurring event above, which was imported at that "
        "date: correct that event instead"
    ),
    "invalid_date.no_first": (
        "the first date, {value}, does not take place, and the next one is not clear: enter its date"
    ),
    "invalid_date.two_starts": "the event begins at {value} and at {other}: keep the DTSTART that is meant",
    "date_out_of_range": "{field} must be between the years {low} and {high}, not {value}",
    "ambiguous_date": "{value} may be {one} or {other}; set date_format=dmy or date_format=mdy for the file",
    "conflicting_time": "event_date says {date} and event_time says {value}; keep one time",
    # Cells and rows
    "cell_error": "the cell of {field} holds the error {value}: correct its formula, or clear the cell",
    "cell_error.sheet": "the cell holds the error {value}: correct its formula, or clear the cell",
    "cell_cut": (
        "{field} is only the first part of its text: Excel holds at most {limit} characters in a cell; take "
        "the whole text from a CSV or JSON download, or put in another one"
    ),
    "no_saved_value": (
        "the cell holds a formula whose result was not saved: open the file in a spreadsheet program "
        "and save it there, or write the value itself"
    ),
    "no_saved_value.error": (
        "{field} is required, and its formula was saved with the error {value} in place of a value"
    ),
    "missing_cells": "the row has {count} cells, the header has {width}",
    "missing_cells.no_header": "the row has {count} cells, and a mapped column is #{width}",
    "extra_cells": (
        "the row has {count} cells, the header has {width}; does a cell that contains the delimiter lack "
        "its quotes?"
    ),
    "extra_cells.no_header": (
        "the row has {count} cells, the first rows have {width}; does a cell that contains the delimiter "
        "lack its quotes?"
    ),
    "extra_cells.far": "the row has far more cells than there are columns",
    "unchanged_row": (
        "the row came back as it was rejected, and no cell shows what was wrong with it ({value}): correct "
        "it; or send the file with repairs_of; or empty its _errors, if the row is right as it is"
    ),
    "unknown_row": (
        "{field} holds {value}, which is not the number of a line: each row of a rejected file says there "
        "which row it is; send new rows in a file of their own"
    ),
    "ambiguous_row": (
        "{count} rejected rows begin on line {value}: say in _record, or in record, which of them this is, "
        "or download the rejected rows again"
    ),
    "malformed_quote": (
        'there is text after a closing quote; inside a quoted cell, write each quote twice: ""'
    ),
    "malformed_quote.json": (
        "JSON that contains the delimiter must stand in quotes, with each quote inside it written twice: "
        '"{{""location_name"": ""Teatro""}}"'
    ),
    "malformed_quote.run_on": (
        "the quote of {field} runs on into the next line, and holds more than its own text: write the cell "
        "again"
    ),
    "other_header": (
        "another header begins here, with other columns than the first: import the file again with "
        "header_row={line} for the rows below it"
    ),
    "unclosed_quote": "the quote that opens on this line is never closed; add a closing quote",
    # JSON
    "invalid_json.nothing": "{value} is not JSON: clear the cell, if there is no venue",
    "invalid_json.deep": "objects and lists may be nested at most {limit} levels deep",
    "invalid_json.at": "this is not JSON: {why} at character {position}",
    "invalid_json.quotes": "this is not JSON: replace curly quotes with straight double quotes",
    "invalid_json.python": "this is Python, not JSON: use double quotes, true, false and null",
    "invalid_json.unreadable": "this JSON cannot be read",
    "invalid_json.at_in_line": "line {line}: this is not JSON: {why} at character {position}",
    "invalid_json.quotes_in_line": (
        "line {line}: this is not JSON: replace curly quotes with straight double quotes"
    ),
    "invalid_json.python_in_line": (
        "line {line}: this is Python, not JSON: use double quotes, true, false and null"
    ),
    "invalid_json.unreadable_in_line": "line {line}: this JSON cannot be read",
    "invalid_json.constant": "{value} is not JSON; write a number or null",
    "invalid_json.no_array": (
        "the first 1 MiB of the JSON has no array of events under a known name: send an array of objects, an "
        "object that begins with such an array as `items` or `events`, or one object per line"
    ),
    "invalid_json.several": (
        "the JSON has several parts that may be the events: {names}; send only one of them, or name in the "
        "option mapping members that only one has"
    ),
    "invalid_json.table": (
        "the JSON has rows or columns as lists: write each event as an object with the names of its "
        'members (pandas: orient="records"), or send a CSV'
    ),
    "invalid_json.after_end": "line {line}: there is text after the end of the JSON: {value}; remove it",
    "invalid_json.cut": "the file ends in the middle of the object that begins on line {line}",
    "invalid_json.ends_early": "the file ends before its array: is it complete? The closing ] is missing",
    "duplicate_key": "the member {value} appears twice; keep only one",
    # Calendars
    "invalid_calendar.entry": "the entry never ends: END:VEVENT is missing; is the file complete?",
    "invalid_calendar.end": ("the file ends before its calendar: is it complete? END:VCALENDAR is missing"),
    # The header
    "missing_columns": (
        "the file has no column {fields}: name its column in the option mapping, or one value for every row "
        "in the option defaults"
    ),
    "missing_columns.json": "the file has no column {fields}; it looks like JSON, not like a CSV",
    "missing_columns.html": "the file has no column {fields}; it looks like HTML, not like a CSV",
    "missing_columns.likely": "the file has no column {fields}; {column} may be meant as {target}",
    "missing_columns.damaged": (
        "the file has no column {fields}; {column} seems to be {meant}, with letters that were lost or "
        "changed before (as where a file is saved as UTF-8 twice): save the table again, as UTF-8, from the "
        "program where its letters are right"
    ),
    "missing_columns.values": (
        "the file has no column {fields}; {column} is not used for {target} because of its values"
    ),
    "missing_columns.headings": (
        "the file has no column {fields}; the days stand in headings between the rows ({dates}): give each "
        "row its date in a column of its own, filled down from its heading"
    ),
    "missing_columns.parts": (
        "the file has no column {fields}; the date stands in parts, in the columns {columns}: join them into "
        "one column of whole dates, with day, month and year, as 2026-12-13"
    ),
    "missing_columns.no_year": (
        "the file has no column {fields}; the year is missing from the dates in {column}, such as {example}: "
        "write each whole, as 2026-12-13"
    ),
    "missing_columns.no_month": (
        "the file has no column {fields}; {column} has only days, such as {example}, and their month and "
        "year are missing: write each date whole, as 2026-12-13"
    ),
    "missing_columns.zone": (
        "the file has no column {fields}; the name of {column} states a time zone: write the offset into its "
        "cells, as 2025-07-01T10:00:00Z, or map the column if its times are those of the place"
    ),
    "missing_columns.one_cell": (
        "the file has no column {fields}; all the names are in one cell: is the whole line quoted, or the "
        "delimiter another one?"
    ),
    "missing_columns.open_quote": (
        "the file has no column {fields}; a quote in the header, on line {line}, is not closed, and takes in "
        "what follows it: close it, or take it away"
    ),
    "missing_columns.no_header": (
        "the file has no column {fields}; its first row reads as data, so the header line seems to be "
        "missing. If it is, give header_row=0, and say in the option mapping which column is which, as "
        '{{"title":"#1","event_date":"#2","city":"#3"}}. The columns are: {columns}'
    ),
    "missing_columns.by_place": (
        "the file is read without a header line (header_row=0), so the option mapping must give the place of "
        'each column, as {{"title":"#1","event_date":"#2","city":"#3"}}: it gives none for {fields}. The '
        "columns are: {columns}"
    ),
    "missing_columns.no_names": (
        "the file has no column {fields}: the first rows name no column that is known; if a row further down "
        "names them, say which in the option header_row, or else name the columns in the option mapping"
    ),
    "missing_columns.written": (
        "the file has no column {fields}; {column} tells when a record was written: name the column of the "
        "event's date in the option mapping"
    ),
    "missing_columns.unmapped": (
        "the file has no column {fields}: the option mapping leaves {targets} without one (null); name a "
        "column there, or one value for every row in the option defaults"
    ),
    "missing_columns.taken": (
        "the file has no column {fields}: the option mapping uses {column} as {used_as}, so nothing is left "
        "as {target}; name a column for it there, or one value for every row in the option defaults"
    ),
    "missing_columns.mapping": "the file has no column {value}, which the mapping names",
    "duplicate_columns": (
        "the columns {one} and {other} may both be {target}: say which one in the mapping, as "
        '{{"{target}":"#{place}"}}'
    ),
    "too_many_columns": "there are {count} columns; at most {limit} are read",
    "too_many_columns.first_line": "the first line has more than {limit} columns",
    "too_large.first_line": ("the first line does not end within {limit} KiB: so it cannot be the header"),
    "invalid_option.field": "{value} is not a field; these are: {known}",
    "invalid_option.header_row": ("header_row is {value}, but no row that could be a header starts there"),
    "invalid_option.encoding": "files in {value} cannot be read",
    "invalid_option.kind": "{unfit} cannot be applied to this file, which is {kind}: leave it out",
    "invalid_option.key": (
        "the key names {target}, of which the file has neither a column nor a default: map a column to it, "
        "or leave it out of the key"
    ),
    "invalid_option.unused_key": (
        "key says by what rows are matched with stored events, and on_duplicate=insert matches none: add "
        "on_duplicate=skip or on_duplicate=update, or leave key out"
    ),
    "late_option": "{field} came too late to take effect: send it in the URL or before the file",
    "late_option.repeated": (
        "{field} is not {value} in the import that began with this Idempotency-Key: send the same options as "
        "the first request, or none, or another key"
    ),
    "late_option.resumed": (
        "{field} is not {value} in this upload: send the same options as the first request, or none"
    ),
    # The file
    "unclear_encoding": (
        "the text reads as {value} by Windows-1252 and as {meant} by {better}: say which one with "
        "encoding={choices}"
    ),
    "unclear_encoding.named": (
        "read as {value} the header lacks columns that it has when read as {better}: send encoding={better}, "
        "or leave the option out"
    ),
    "unclear_encoding.unknown": (
        "the text reads as {value} by Windows-1252, which is no word of any language: save the file as UTF-8 "
        "(in Excel: CSV UTF-8), or insist with encoding=windows-1252"
    ),
    "empty_file": "the file is empty: not even a header line",
    "empty_file.json": "the file is empty",
    "empty_file.sheet": "the sheet is empty: not even a header row",
    "empty_file.workbook": "the workbook has no sheet with cells",
    "empty_file.zip": "the ZIP is empty: send the file itself",
    "not_text": "this looks like {kind}, not like a table of events: {advice}",
    "not_text.csv": "this looks like {kind}, not like a CSV: {advice}",
    "not_text.binary_csv": "this is a binary file, not a CSV: save the table as CSV UTF-8",
    "not_text.binary": "this is a binary file, not a table: save the table as .xlsx or CSV UTF-8",
    "not_text.javascript": (
        "this is JSON within JavaScript, or with comments: send only the JSON itself, from its first bracket "
        "to its last, without comments"
    ),
    "not_text.web_page": (
        "this is a web page (HTML): copy the table into a spreadsheet and save that as .xlsx or CSV"
    ),
    "not_text.named_web_page": (
        "this is a web page with the ending .{ending}: open it in Excel and save it as .xlsx"
    ),
    "not_text.damaged_workbook": "this looks like a damaged workbook: open it and {advice}",
    "not_text.damaged_cell": (
        "this looks like a damaged workbook: cell {cell} of the sheet {sheet} holds {value}, which cannot be "
        "read; write its value again, or open the file and {advice}"
    ),
    "not_text.code_page": (
        "the texts of this old workbook are in the code page {value}, which is not supported: open it and "
        "{advice}"
    ),
    "not_text.damaged_xls": "this looks like an old Excel file that is incomplete or damaged: {advice}",
    "not_text.damaged_zip": "this looks like an incomplete or damaged Excel or ZIP file: {advice}",
    "not_text.password": "the file has a password: {advice}, without a password",
    "not_text.zip_in_zip": "{value} is a ZIP in a ZIP: unpack it, and send the file itself",
    "not_text.many_files": "the ZIP has {count} files: send only the one with the events",
    "not_text.choose_file": "the ZIP has {count} files that can be imported ({names}): send one of them",
    "not_text.no_table": (
        "the ZIP has no table in it; {value}: this looks like {kind}, not like a table of events: {advice}"
    ),
    "not_text.no_known_table": (
        "the ZIP has no table in it; {value} is none: save the table as .xlsx or CSV UTF-8"
    ),
    "not_text.damaged_file": "{value} in the ZIP is damaged: send the file itself",
    "too_large.unpacked": "unpacked, the file is over {limit} MiB: save the sheet as CSV UTF-8",
    "unknown_sheet": "the workbook has no sheet {value}; it has {names}",
    "too_large.preview": (
        "a workbook over {limit} MiB is not previewed; it can be imported, or saved as CSV UTF-8"
    ),
    "too_large.workbook": (
        "a workbook may have at most {limit} MiB: save the sheet as CSV UTF-8, which may be larger"
    ),
    "too_large.sheet": "the sheet is too large to be read as a workbook: save it as CSV UTF-8",
    "too_large.body": "the body has {length_bytes} bytes; the file may have {limit_bytes} at most",
    "too_large.file": "the file is over {limit_bytes} bytes",
    "whole_file_needed": (
        "the workbook is incomplete or damaged; a preview of a workbook needs the whole file"
    ),
    # Imports and tasks
    "rows_rejected": "{rejected} of {rows} rows were rejected, so nothing was stored",
    "interrupted": "the rest of the file did not arrive within {hours} hours",
    "not_imported": "the staged file was not imported within {hours} hours",
    "internal": "the import failed because of an error in the server; see its log",
    "internal.task": "the task failed inside the server; see its log",
    "internal.unknown_task": "this version of the server knows no task of the kind {value}",
    "not_staged": "import {value} is not staged any more",
    "wrong_state": "import {value} is {status}",
    "wrong_state.not_staged": "import {value} is {status}, not staged",
    "wrong_state.not_ended": "import {value} is {status}; only an ended one can be undone",
    "wrong_state.complete": "the file is already complete",
    "wrong_state.dry_run": "import {value} was a dry run: it stored nothing",
    "wrong_state.no_rows": "import {value} has no stored rows",
    "wrong_state.earlier_version": (
        "an earlier version of FastTrack began to read the file of import {value}: send the mended rows "
        "again as a new import; those that are in already are passed over"
    ),
    "wrong_state.atomic": "import {value} is atomic: correct the whole file and send it again",
    "not_found.import": "there is no import {value}",
    "not_found.upload": "there is no such upload to continue",
    "in_progress": "another request continued this upload",
    "upload_id_in_use": "upload_id {value} is in use",
    "wrong_offset": "the file is stored up to byte {offset_bytes}; continue from there",
    "wrong_offset.other_file": (
        "this is not the file that began with this Idempotency-Key, of which {offset_bytes} bytes are "
        "stored: send that file again, or its rest with Upload-Offset, or this one with another key"
    ),
    "broken_off": "the body ended before the boundary after the file; the received bytes are kept",
    # Receivers of webhooks
    "invalid_url.characters": (
        "url must be at most {limit} printable ASCII characters: write a host such as münchen.example as "
        "xn--mnchen-3ya.example, and other letters as %C3%BC"
    ),
    "invalid_url": "url must be a URL such as https://example.org/hook",
    "invalid_url.scheme": "url must begin with https:// or http:// and a host",
    "invalid_url.password": ("url must not contain a user or password: the signature identifies the sender"),
    "invalid_url.fragment": "url must not have a fragment, because fragments are not sent",
    "invalid_url.port": "url must have a port from {low} to {high}",
    "invalid_url.private": (
        "the host of the url resolves to {address}, which is not a public address; "
        "FASTTRACK_WEBHOOK_PRIVATE_ADDRESSES=true allows such addresses"
    ),
    "invalid_url.slow": "the host of the url could not be resolved within {seconds} s",
    "invalid_url.unknown": "the host of the url is not known to the name servers",
    "invalid_url.no_address": "the host of the url has no address",
    "undelivered.answered": "answered {answer}",
    "undelivered.redirected": "answered {answer}; redirects are not followed",
    "undelivered.timeout": "no answer within {seconds} s",
    "undelivered.certificate": "certificate not accepted: {because}",
    "undelivered.authority": (
        "certificate not accepted: {because}; FASTTRACK_WEBHOOK_CA_FILE adds certificate authorities"
    ),
    "undelivered.tls": "TLS failed: {because}",
    "undelivered.connect": "no connection: {because}",
    "undelivered.broken": "the connection broke: {because}",
    "undelivered.internal": "the server failed; see its log",
}
