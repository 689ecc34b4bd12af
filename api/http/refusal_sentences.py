"""The English of refusals that people meet in the page, by kind and rule.

Clients word them by `rule` and `params`. Refusals of what a person sent have `errors`, whose sentences are in
`domain/sentences.py`. Refusals that only programs meet (of malformed HTTP, of the tus protocol) have no rule.
"""

from collections.abc import Mapping

REFUSALS: Mapping[str, str] = {
    "forbidden.role": "This needs the role {role}; {name} is {own}.",
    "forbidden.import": "Another person's import: this needs the role {role}.",
    "forbidden.task": "Stopping another person's task needs the role {role}.",
    "forbidden.upload": "Only its sender and administrators may continue an upload.",
    "too-many-requests.calls": "Each person may make {limit} calls a minute.",
    "too-many-requests.uploads": "Each person may make {limit} uploads a minute.",
    "too-many-requests.calendar": "{limit} calls a minute are allowed for each calendar address.",
    "too-many-requests.address": "Too many sign-ins failed from this address.",
    "too-many-requests.token": "Too many sign-ins failed from this token.",
    "conflict.calendars": "You have {limit} addresses; revoke one that you do not use.",
    "conflict.webhooks": "There are {limit} webhooks; remove one that you do not use.",
    "conflict.task_over": "The task is {status} already.",
    "conflict.no_file": "The task is {status}: there is no file.",
    "conflict.cancelled": "The import was cancelled.",
    "not-found.event": "There is no event {id}.",
    "not-found.task": "There is no task {id}.",
    "not-found.webhook": "There is no webhook {id}.",
    "not-found.calendar": "You have no calendar address with that id.",
    "unauthorized.calendar_address": (
        "This calendar address does not exist, or no longer: make a new one, and subscribe to it."
    ),
    "not-found.file": "The file is no longer kept; start the export again.",
    "precondition-failed.event": "The event was changed meanwhile; fetch it and decide again.",
    "storage-full.quota": (
        "More than {limit_bytes} bytes would be staged for your unfinished imports; "
        "finish or cancel some of them, and send this again."
    ),
    "unavailable.store": "The store does not answer at the moment.",
    "unavailable.elsewhere": "Another server process is at work on this; it will be free in a moment.",
}
