"""Reads the JSON that creates or changes a webhook strictly: all errors are reported at once."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from api.http.problems import invalid_fields
from api.services.feeds import FEEDS
from api.services.webhooks.addresses import LONGEST_URL, AddressError, read_url
from api.services.webhooks.service import Change, NewSecret, NewWebhook
from api.services.webhooks.signing import SECRET_RULE, key_of
from domain.problems import Problem, excerpt, problem
from domain.text import invalid_type
from domain.webhooks import FORMATS, KEEP_OLD_SECRET_HOURS, LONGEST_KEEP_OLD_SECRET_HOURS
from streams.feeds import MAX_FEEDS

_URL_SCHEMA: dict[str, Any] = {
    "type": "string",
    "maxLength": LONGEST_URL,
    "description": "http or https, without credentials; its host must have public addresses.",
}
_FEEDS_SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string"},
    "minItems": 1,
    "maxItems": MAX_FEEDS,
    "description": "Feeds of messages; `dashboard` and `presenca` are states and cannot be delivered.",
}
NEW_WEBHOOK_SCHEMA: dict[str, Any] = {
    "title": "WebhookInput",
    "type": "object",
    "properties": {
        "url": _URL_SCHEMA,
        "feeds": _FEEDS_SCHEMA,
        "format": {"enum": list(FORMATS), "default": "json"},
        "secret": {"type": "string", "description": f"{SECRET_RULE}; by default the server chooses one."},
    },
    "required": ["url", "feeds"],
    "additionalProperties": False,
}
CHANGE_SCHEMA: dict[str, Any] = {
    "title": "WebhookChange",
    "type": "object",
    "properties": {"url": _URL_SCHEMA, "feeds": _FEEDS_SCHEMA, "enabled": {"type": "boolean"}},
    "additionalProperties": False,
}
NEW_SECRET_SCHEMA: dict[str, Any] = {
    "title": "WebhookSecretChange",
    "type": "object",
    "properties": {
        "secret": NEW_WEBHOOK_SCHEMA["properties"]["secret"],
        "keep_old_hours": {
            "type": "integer",
            "minimum": 0,
            "maximum": LONGEST_KEEP_OLD_SECRET_HOURS,
            "default": KEEP_OLD_SECRET_HOURS,
            "description": "Hours in which the old secret signs deliveries too; 0 ends it at once.",
        },
    },
    "additionalProperties": False,
}

_DELIVERED = ", ".join(kind.name.replace("*", "{id}") for kind in FEEDS.kinds if not kind.is_state)

Rules = Mapping[str, Callable[[object], str | None]]
"""By member: returns the rule that a value breaks, None where it breaks none."""


def read_new(value: object) -> NewWebhook:
    """Return the requested webhook. Raises HttpProblem with all errors."""
    return NewWebhook(**_members(value, _NEW, required=("url", "feeds")))


def read_change(value: object) -> Change:
    """Return the requested change. Raises HttpProblem with all errors."""
    return Change(**_members(value, _CHANGE, required=()))


def read_new_secret(value: object) -> NewSecret:
    """Return the requested change of a secret. Raises HttpProblem with all errors."""
    return NewSecret(**_members(value, _NEW_SECRET, required=()))


def _members(value: object, rules: Rules, *, required: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid_fields([invalid_type("", "object", value)])
    problems = [problem("required", name) for name in required if name not in value]
    problems += [one for name, item in value.items() if (one := _problem(name, item, rules)) is not None]
    if problems:
        raise invalid_fields(problems)
    return value


def _problem(name: str, value: object, rules: Rules) -> Problem | None:
    if name not in rules:
        known = ", ".join(rules)
        return Problem(
            excerpt(name), "unknown_member", f"there is no member {excerpt(name)}; known are {known}"
        )
    if name == "url" and isinstance(value, str):
        return _problem_of_url(value)
    broken = rules[name](value)
    # What was sent as a secret is repeated nowhere.
    shown = None if name == "secret" else excerpt(value)
    return None if broken is None else Problem(name, "invalid_value", broken, shown)


def _problem_of_url(text: str) -> Problem | None:
    """Return what is wrong with a URL itself; whether its host may be called is found out later."""
    try:
        read_url(text)
    except AddressError as error:
        return structs.replace(error.problem, value=excerpt(text))
    return None


def _url(value: object) -> str | None:
    return None if isinstance(value, str) else "url must be a string"


def _feeds(value: object) -> str | None:
    rule = f"feeds must be 1 to {MAX_FEEDS} names of feeds"
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_FEEDS:
        return rule
    unknown = [name for name in value if not isinstance(name, str) or FEEDS.find(name) is None]
    if unknown:
        return f"{rule}; there is no feed {excerpt(unknown[0])}; there are {_DELIVERED}"
    if states := FEEDS.set_of(value).states:
        return f"{states[0]} is a state, not messages in order: it cannot be delivered, only watched"
    return None


def _format(value: object) -> str | None:
    return None if value in FORMATS else f"format must be one of {', '.join(FORMATS)}"


def _secret(value: object) -> str | None:
    return None if isinstance(value, str) and key_of(value) is not None else SECRET_RULE


def _keep_old_hours(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LONGEST_KEEP_OLD_SECRET_HOURS:
        return None
    return f"keep_old_hours must be a whole number from 0 to {LONGEST_KEEP_OLD_SECRET_HOURS}"


def _enabled(value: object) -> str | None:
    return None if isinstance(value, bool) else "enabled must be true or false"


_NEW: Rules = {"url": _url, "feeds": _feeds, "format": _format, "secret": _secret}
_CHANGE: Rules = {"url": _url, "feeds": _feeds, "enabled": _enabled}
_NEW_SECRET: Rules = {"secret": _secret, "keep_old_hours": _keep_old_hours}
