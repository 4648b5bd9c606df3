import json

import httpx
from common import Task
from fastapi.testclient import TestClient

from orchestrator.main import app
from orchestrator.pipeline import run_task
from orchestrator.settings import Settings

CFG = Settings(rag_url="http://rag", git_url="http://git", agent_url="http://agent")


def upstream(request: httpx.Request) -> httpx.Response:
    if request.url.host == "rag":
        return httpx.Response(200, json={"hits": [{"path": "a.py", "text": "x = 1", "score": 0.9}]})
    if request.url.host == "git":
        return httpx.Response(404)
    sent = json.loads(request.content)
    prompt = ",".join(s["path"] for s in sent["snippets"])
    return httpx.Response(200, json={"repo": sent["repo"], "prompt": prompt})


async def test_task_goes_through_all_services():
    async with httpx.AsyncClient(transport=httpx.MockTransport(upstream)) as client:
        proposal = await run_task(client, CFG, Task(repo="shop", request="rename x"))
    assert proposal.repo == "shop"
    assert proposal.prompt == "a.py"


def test_health():
    assert TestClient(app).get("/health").json() == {"status": "ok"}


def test_empty_request_is_refused():
    with TestClient(app) as client:
        assert client.post("/tasks", json={"repo": "shop", "request": ""}).status_code == 422
