from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic_settings import BaseSettings

from app.repos import UnknownRepo, latest_commits, open_repo


class Settings(BaseSettings):
    repos_dir: Path = Path("/data/repos")


def get_settings() -> Settings:
    return Settings()


app = FastAPI(title="git_adapter")


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/repos/{name}/commits")
def commits(
    name: str,
    settings: Annotated[Settings, Depends(get_settings)],
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> list[dict[str, str]]:
    try:
        return latest_commits(open_repo(settings.repos_dir, name), limit)
    except UnknownRepo as err:
        raise HTTPException(status_code=404, detail=f"no repository {name}") from err
