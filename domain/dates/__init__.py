"""Dates of events: from what people write to an instant."""

from domain.dates.event_date import UNIX_EPOCH, parse_event_date, takes_time, time_problem
from domain.dates.order import DateOrder, order_shown_by

__all__ = ["UNIX_EPOCH", "DateOrder", "order_shown_by", "parse_event_date", "takes_time", "time_problem"]
