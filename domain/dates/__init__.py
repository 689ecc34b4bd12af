"""Dates of events: from what people write to an instant."""

from domain.dates.event_date import parse_event_date, takes_time, time_problem
from domain.dates.order import DateOrder, order_shown_by

__all__ = ["DateOrder", "order_shown_by", "parse_event_date", "takes_time", "time_problem"]
