from typing import Protocol

import numpy as np
import psycopg2

from app.embed import DIM

SCHEMA = """
CREATE TABLE IF NOT EXISTS snippets (
    path TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    vector BYTEA NOT NULL
)
"""

Row = tuple[str, str, np.ndarray]


class Store(Protocol):
    def put(self, path: str, body: str, vector: np.ndarray) -> None: ...

    def rows(self) -> list[Row]: ...


class MemoryStore:
    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}

    def put(self, path: str, body: str, vector: np.ndarray) -> None:
        self._rows[path] = (path, body, vector)

    def rows(self) -> list[Row]:
        return list(self._rows.values())


class PostgresStore:
    def __init__(self, url: str) -> None:
        self._conn = psycopg2.connect(url)
        with self._conn, self._conn.cursor() as cur:
            cur.execute(SCHEMA)

    def put(self, path: str, body: str, vector: np.ndarray) -> None:
        with self._conn, self._conn.cursor() as cur:
            cur.execute(
                "INSERT INTO snippets VALUES (%s, %s, %s) ON CONFLICT (path)"
                " DO UPDATE SET body = EXCLUDED.body, vector = EXCLUDED.vector",
                (path, body, psycopg2.Binary(vector.astype(np.float32).tobytes())),
            )

    def rows(self) -> list[Row]:
        with self._conn, self._conn.cursor() as cur:
            cur.execute("SELECT path, body, vector FROM snippets ORDER BY path")
            return [
                (path, body, np.frombuffer(raw, dtype=np.float32, count=DIM))
                for path, body, raw in cur.fetchall()
            ]


def open_store(url: str) -> Store:
    return PostgresStore(url) if url else MemoryStore()
