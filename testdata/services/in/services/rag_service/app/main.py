from functools import lru_cache
from typing import Annotated

import numpy as np
from fastapi import Depends, FastAPI
from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings

from app.embed import DIM, closest, embed
from app.store import Store, open_store


class Settings(BaseSettings):
    database_url: str = ""


class Document(BaseModel):
    path: str
    text: str


class Query(BaseModel):
    query: str
    limit: int = Field(default=5, ge=1, le=50)


@lru_cache
def get_store() -> Store:
    return open_store(Settings().database_url)


StoreDep = Annotated[Store, Depends(get_store)]

app = FastAPI(title="rag_service")


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/documents", status_code=204)
def put_document(doc: Document, store: StoreDep) -> None:
    store.put(doc.path, doc.text, embed(doc.text))


@app.post("/search")
def search(query: Query, store: StoreDep) -> dict[str, list[dict]]:
    rows = store.rows()
    matrix = np.array([vector for _, _, vector in rows]).reshape(-1, DIM)
    best = closest(embed(query.query), matrix, query.limit)
    return {"hits": [{"path": rows[i][0], "text": rows[i][1], "score": s} for i, s in best]}
