import pytest
from fastapi.testclient import TestClient
from git import Actor, Repo

from app.main import Settings, app, get_settings


@pytest.fixture
def client(tmp_path):
    repo = Repo.init(tmp_path / "shop")
    dev = Actor("Dev", "dev@example.com")
    for n in range(3):
        (tmp_path / "shop" / "notes.txt").write_text(f"note {n}\n")
        repo.index.add(["notes.txt"])
        repo.index.commit(f"Add note {n}", author=dev, committer=dev)
    Repo.init(tmp_path / "empty")
    app.dependency_overrides[get_settings] = lambda: Settings(repos_dir=tmp_path)
    yield TestClient(app)
    app.dependency_overrides.clear()


def test_health(client):
    assert client.get("/health").json() == {"status": "ok"}


def test_newest_commit_comes_first(client):
    body = client.get("/repos/shop/commits", params={"limit": 2}).json()
    assert [c["subject"] for c in body] == ["Add note 2", "Add note 1"]


def test_repository_without_commits(client):
    assert client.get("/repos/empty/commits").json() == []


def test_unknown_repository(client):
    assert client.get("/repos/nowhere/commits").status_code == 404
