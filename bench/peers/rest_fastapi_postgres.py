"""Events over FastAPI and asyncpg, a pool and SQL by hand: what a plain service on PostgreSQL costs."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

import asyncpg
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

MADE = """
CREATE TABLE IF NOT EXISTS plain_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  title text NOT NULL, description text NOT NULL, event_date timestamp NOT NULL, city text NOT NULL,
  participants jsonb NOT NULL, local_info jsonb);
CREATE INDEX IF NOT EXISTS plain_by_date ON plain_events (event_date);
CREATE INDEX IF NOT EXISTS plain_by_city ON plain_events (city);
"""
INSERT = """
INSERT INTO plain_events (title, description, event_date, city, participants, local_info)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
"""


class EventIn(BaseModel):
    title: Annotated[str, Field(min_length=1, max_length=100)]
    description: str = ""
    event_date: datetime
    city: Annotated[str, Field(min_length=1, max_length=100)]
    participants: list[str] = []
    local_info: dict[str, Any] | None = None


class EventOut(EventIn):
    id: int


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async def prepare(connection: asyncpg.Connection) -> None:
        await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")

    async with asyncpg.create_pool(os.environ["PEER_DB"], min_size=4, max_size=16, init=prepare) as pool:
        await pool.execute(MADE)
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/events", status_code=201)
async def create(fields: EventIn) -> EventOut:
    number = await app.state.pool.fetchval(INSERT, *fields.model_dump().values())
    return EventOut(id=number, **fields.model_dump())


@app.get("/events/{event_id}")
async def one(event_id: int) -> EventOut:
    row = await app.state.pool.fetchrow("SELECT * FROM plain_events WHERE id = $1", event_id)
    if row is None:
        raise HTTPException(404)
    return EventOut(**row)


@app.get("/events")
async def some(limit: int = 20) -> list[EventOut]:
    rows = await app.state.pool.fetch("SELECT * FROM plain_events ORDER BY id LIMIT $1", limit)
    return [EventOut(**row) for row in rows]
