from pydantic import BaseModel, Field


class Snippet(BaseModel):
    path: str
    text: str
    score: float = 0.0


class Task(BaseModel):
    repo: str
    request: str = Field(min_length=1)
    snippets: list[Snippet] = []


class Proposal(BaseModel):
    repo: str
    prompt: str
    patch: str | None = None
