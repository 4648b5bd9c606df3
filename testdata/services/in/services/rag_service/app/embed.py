"""A small, deterministic embedding: hashed words and word pairs."""

import re
import zlib

import numpy as np

DIM = 256
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def embed(text: str) -> np.ndarray:
    words = [w.lower() for w in WORD.findall(text)]
    features = words + [f"{a} {b}" for a, b in zip(words, words[1:])]
    vector = np.zeros(DIM, dtype=np.float32)
    for feature in features:
        vector[zlib.crc32(feature.encode()) % DIM] += 1.0
    norm = float(np.linalg.norm(vector))
    return vector / norm if norm else vector


def closest(query: np.ndarray, rows: np.ndarray, limit: int) -> list[tuple[int, float]]:
    """Indices of the rows most like the query, best first, with their scores."""
    if rows.size == 0:
        return []
    scores = rows @ query
    order = np.argsort(-scores, kind="stable")[:limit]
    return [(int(i), float(scores[i])) for i in order]
