import httpx
import pytest
from common import Snippet, Task
from fastapi.testclient import TestClient

from coding_agent.main import app
from coding_agent.model import ModelError, ask
from coding_agent.prompts import render


def test_health():
    assert TestClient(app).get("/health").json() == {"status": "ok"}


def test_prompt_holds_request_and_snippets():
    task = Task(repo="shop", request="rename x", snippets=[Snippet(path="a.py", text="x = 1")])
    prompt = render(task)
    assert "rename x" in prompt
    assert "--- a.py\nx = 1" in prompt


def test_proposal_without_a_model():
    body = TestClient(app).post("/proposals", json={"repo": "shop", "request": "rename x"}).json()
    assert body["patch"] is None
    assert "No code was found" in body["prompt"]


def test_bad_model_answer():
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"oops": 1}))
    with httpx.Client(transport=transport) as client, pytest.raises(ModelError):
        ask(client, "http://model/complete", "hello")
