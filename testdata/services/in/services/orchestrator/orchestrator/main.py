from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from common import Proposal, Task, setup_logging
from fastapi import FastAPI, HTTPException, Request

from orchestrator.pipeline import run_task
from orchestrator.settings import Settings

settings = Settings()
setup_logging("orchestrator", settings.log_level)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(timeout=settings.request_timeout) as client:
        app.state.client = client
        yield


app = FastAPI(title="orchestrator", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/tasks")
async def create_task(task: Task, request: Request) -> Proposal:
    try:
        return await run_task(request.app.state.client, settings, task)
    except httpx.HTTPError as err:
        raise HTTPException(status_code=502, detail=f"upstream failed: {err}") from err
