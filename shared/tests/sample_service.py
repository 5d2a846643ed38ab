"""A sample service that uses only shared code, so that shared code can be tested over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Form, Query, Request, UploadFile
from pydantic import Field
from sqlalchemy import Column, Connection, MetaData, String, Table, insert, select
from starlette.responses import Response, StreamingResponse

from shared import errors, ids
from shared.database.engine import Database
from shared.database.statements import BigInt
from shared.events.in_memory import InMemoryBus
from shared.events.outbox import enqueue, outbox_table
from shared.idempotency import Idempotency, StoredResponse, idempotency_table
from shared.pagination import Page
from shared.problem_details import STATUS, documented
from shared.settings import Settings
from shared.testing import FakeTokenIssuer
from shared.web import image_responses, pagination, responses
from shared.web.application import create_service_app
from shared.web.authentication import InternalCaller
from shared.web.idempotency_key import IdempotencyKey
from shared.web.request_body import StrictModel, Text
from shared.web.uploads import UploadRoute

from .tables import made

METADATA = MetaData()
THINGS = Table(
    "things", METADATA, Column("id", BigInt, primary_key=True, autoincrement=False), Column("text", String(100))
)
OUTBOX, KEYS = outbox_table(METADATA), idempotency_table(METADATA)
REFUSALS = {kind.__name__: kind for kind in STATUS}
MINTER = FakeTokenIssuer()
ALL = documented(400, 401, 403, 404, 409, 413, 415, 422, 429, 500)

router = APIRouter(prefix="/api/v1", route_class=UploadRoute)


class NewThing(StrictModel):
    """The body of a new thing."""

    text: Annotated[Text, Field(min_length=1, max_length=100)]
    number: int = 0
    near: ids.Id | None = None
    anything: Any = None


@router.post("/things", status_code=201, responses=ALL, response_model=None)
def add(body: NewThing, key: IdempotencyKey, request: Request) -> Response:
    """Add one, once for each key."""

    def write(tx: Connection) -> StoredResponse:
        thing_id = ids.new()
        tx.execute(insert(THINGS).values(id=thing_id, text=body.text))
        enqueue(tx, OUTBOX, "thing.added", 1, {"id": ids.encode(thing_id)})
        return responses.created({"id": ids.encode(thing_id)}, f"/api/v1/things/{ids.encode(thing_id)}")

    once: Idempotency = request.app.state.once
    return responses.to_response(once.write(key, write))


@router.get("/things", responses=ALL, response_model=None)
def things(request: Request, page: pagination.PageQuery, colour: Annotated[str, Query()] = "") -> Response:
    """All, newest first; the parameter `colour` has no effect."""

    def found(connection: Connection) -> Page:
        statement = select(THINGS).order_by(THINGS.c.id.desc()).limit(page.limit + 1)
        if page.after is not None:
            statement = statement.where(THINGS.c.id < page.after[0])
        rows = connection.execute(statement).all()
        return Page.of(rows, page, lambda row: {"text": row.text, "colour": colour}, lambda row: (row.id,))

    database: Database = request.app.state.database
    return pagination.page_response(request, database.read(found))


@router.get("/things/{thing_id}", responses=ALL, response_model=None)
def thing(thing_id: ids.Id) -> Response:
    """Its id."""
    return responses.ok({"id": ids.encode(thing_id)})


@router.delete("/things/{thing_id}", status_code=204, responses=ALL)
def remove(thing_id: ids.Id) -> Response:
    """Does nothing."""
    return responses.empty()


@router.get("/long/{size}", responses=ALL, response_model=None)
@router.post("/long/{size}", responses=ALL, response_model=None, include_in_schema=False)
def long(size: int) -> Response:
    """A response of this many bytes."""
    return responses.ok("x" * (size - len('""')))


@router.put("/file", status_code=202, responses=ALL, response_model=None)
def upload(file: UploadFile, note: Annotated[str | None, Form()] = None) -> Response:
    """Its length, and the note."""
    return responses.accepted({"bytes": len(file.file.read()), "note": note})


@router.get("/refused/{kind}", responses=ALL, response_model=None)
def refused(kind: str) -> Response:
    """Raises this error."""
    if kind == "Field":
        raise errors.Invalid.field("text", "not_nice", "Be nice.")
    raise REFUSALS[kind]("some_code", "Some detail.")


@router.get("/surprise", responses=ALL, response_model=None)
def surprise() -> Response:
    """Raises an unexpected error."""
    raise RuntimeError("the password is hunter2")


@router.get("/cut", responses=ALL, response_model=None)
def cut() -> Response:
    """A response that is aborted."""

    async def half() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("broken off")

    return StreamingResponse(half(), media_type="text/plain")


@router.head("/picture/{name}", include_in_schema=False, response_model=None)
@router.get(
    "/picture/{name}",
    responses={**ALL, **image_responses.IMAGE_RESPONSES_OPENAPI, **documented(416)},
    response_model=None,
)
def picture(name: str, request: Request, private: bool = False) -> Response:
    """A stored image."""
    return image_responses.image_response(
        request, request.app.state.storage, name, cache="private" if private else None
    )


@router.get("/ended", responses=ALL, response_model=None)
def ended() -> Response:
    """Reports revocations."""
    return responses.with_revocations(responses.ok({}), logins=[1, 2], subject=3)


@router.get("/internal/caller", include_in_schema=False)
def caller(name: InternalCaller) -> Response:
    """The name of the calling service."""
    return responses.ok(name)


def service(folder: Path, *, lock_timeout: float | None = None, **options: Any) -> FastAPI:
    """The service with a new database in this folder."""
    settings = Settings(database_url=made(f"sqlite:///{folder}/service.db", METADATA), **options)
    database = Database(
        settings.database_url, pool_size=settings.pool_size, pool_timeout=0.1, lock_timeout=lock_timeout
    )
    app = create_service_app("things", settings, database=database, bus=InMemoryBus(lambda _: 0), routers=[router])
    app.state.verifier = MINTER.verifier()
    app.state.once = Idempotency(database, KEYS)
    return app
