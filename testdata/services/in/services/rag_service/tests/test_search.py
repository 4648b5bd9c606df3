import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.embed import DIM, closest, embed
from app.main import app, get_store
from app.store import MemoryStore


@pytest.fixture
def client():
    store = MemoryStore()
    app.dependency_overrides[get_store] = lambda: store
    yield TestClient(app)
    app.dependency_overrides.clear()


def test_health(client):
    assert client.get("/health").json() == {"status": "ok"}


def test_search_puts_the_right_file_first(client):
    client.put("/documents", json={"path": "cart.py", "text": "def add_to_cart(item): ..."})
    client.put("/documents", json={"path": "login.py", "text": "def check_password(user): ..."})
    hits = client.post("/search", json={"query": "where is add_to_cart", "limit": 1}).json()["hits"]
    assert [hit["path"] for hit in hits] == ["cart.py"]


def test_search_in_an_empty_store(client):
    assert client.post("/search", json={"query": "anything"}).json() == {"hits": []}


def test_embedding_has_length_one():
    assert np.isclose(np.linalg.norm(embed("some words here")), 1.0)
    assert closest(embed("x"), np.empty((0, DIM)), 3) == []
