"""The usual importer: pydantic validates, SQLAlchemy's ORM stores row by row."""

import csv
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from measured import report
from pydantic import BaseModel, Field, Json
from sqlalchemy import JSON, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

COMMIT_EVERY = 1000


class Venue(BaseModel):
    location_name: str = Field(min_length=2, max_length=200)
    capacity: int = Field(default=1, ge=0)
    venue_type: str | None = None
    is_accessible: bool = False
    address: str | None = None
    past_events: list[str] = []
    manually_edited: bool = False


class Row(BaseModel):
    title: str = Field(min_length=1, max_length=100)
    description: str
    event_date: datetime
    city: str = Field(min_length=1, max_length=100)
    participants: str
    local_info: Json[Venue]


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {list[str]: JSON, dict[str, Any]: JSON}


class Event(Base):
    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    description: Mapped[str]
    event_date: Mapped[datetime]
    city: Mapped[str]
    participants: Mapped[list[str]]
    local_info: Mapped[dict[str, Any]]


def _event(record: dict[str, str]) -> Event:
    row = Row.model_validate(record)
    return Event(
        title=row.title,
        description=row.description,
        event_date=row.event_date,
        city=row.city,
        participants=row.participants.split(";"),
        local_info=row.local_info.model_dump(),
    )


def load(file: Path, database: Path) -> int:
    engine = create_engine(f"sqlite:///{database}")
    Base.metadata.create_all(engine)
    count = 0
    with Session(engine) as session, file.open(encoding="utf-8", newline="") as lines:
        for record in csv.DictReader(lines):
            session.add(_event(record))
            session.flush()
            count += 1
            if count % COMMIT_EVERY == 0:
                session.commit()
        session.commit()
    engine.dispose()
    return count


report(load)
