"""Events over FastAPI, SQLAlchemy's ORM and aiosqlite, as the tutorials have it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import JSON, event, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['PEER_DB']}")
sessions = async_sessionmaker(engine, expire_on_commit=False)


@event.listens_for(engine.sync_engine, "connect")
def durable(connection, _record) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


class Base(DeclarativeBase):
    pass


class EventRow(Base):
    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    description: Mapped[str]
    event_date: Mapped[datetime] = mapped_column(index=True)
    city: Mapped[str] = mapped_column(index=True)
    participants: Mapped[list] = mapped_column(JSON)
    local_info: Mapped[dict | None] = mapped_column(JSON)


class EventIn(BaseModel):
    title: Annotated[str, Field(min_length=1, max_length=100)]
    description: str = ""
    event_date: datetime
    city: Annotated[str, Field(min_length=1, max_length=100)]
    participants: list[str] = []
    local_info: dict | None = None


class EventOut(EventIn):
    model_config = ConfigDict(from_attributes=True)
    id: int


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


@app.post("/events", status_code=201)
async def create(fields: EventIn, opened: Session) -> EventOut:
    row = EventRow(**fields.model_dump())
    opened.add(row)
    await opened.commit()
    return EventOut.model_validate(row)


@app.get("/events/{event_id}")
async def one(event_id: int, opened: Session) -> EventOut:
    row = await opened.get(EventRow, event_id)
    if row is None:
        raise HTTPException(404)
    return EventOut.model_validate(row)


@app.get("/events")
async def some(opened: Session, limit: int = 20) -> list[EventOut]:
    rows = await opened.scalars(select(EventRow).order_by(EventRow.id).limit(limit))
    return [EventOut.model_validate(row) for row in rows]
