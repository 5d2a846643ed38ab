"""The gateway of the baseline: FastAPI receives the request, PyJWT verifies the token, httpx calls the service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response

from bench.baseline.security import current_user_id
from bench.baseline.settings import settings

HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization",
    "te", "trailer", "transfer-encoding", "upgrade", "host", "content-length",
}  # fmt: skip
"""RFC 9110, section 7.6.1, and headers that the next hop sets itself."""
client = httpx.AsyncClient(
    base_url=settings.posts_url,
    timeout=httpx.Timeout(10.0, connect=1.0),
    limits=httpx.Limits(max_connections=100, max_keepalive_connections=100),
)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Close the connections at the end."""
    async with client:
        yield


app = FastAPI(title="baseline gateway", lifespan=lifespan)


@app.get("/readyz")
async def ready() -> dict[str, str]:
    """Whether the service is ready."""
    (await client.get("/readyz")).raise_for_status()
    return {"status": "ready"}


@app.api_route(
    "/api/v1/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], dependencies=[Depends(current_user_id)]
)
async def forward(request: Request) -> Response:
    """Forward the request and its response."""
    headers = [(name, value) for name, value in request.headers.items() if name not in HOP_BY_HOP]
    try:
        answer = await client.request(
            request.method,
            request.url.path,
            params=request.query_params,
            headers=headers,
            content=await request.body(),
        )
    except httpx.TransportError as problem:
        raise HTTPException(503, "The service is away") from problem
    kept = {name: value for name, value in answer.headers.items() if name not in HOP_BY_HOP}
    return Response(answer.content, answer.status_code, headers=kept)


if __name__ == "__main__":
    uvicorn.run(app, port=settings.port, loop="uvloop", http="httptools", access_log=False, log_level="warning")
