import logging

import httpx
from common import Proposal, Snippet, Task

from orchestrator.settings import Settings

log = logging.getLogger(__name__)


async def gather_snippets(client: httpx.AsyncClient, cfg: Settings, task: Task) -> list[Snippet]:
    """Snippets near the request, plus the subjects of the latest commits."""
    found = await client.post(
        f"{cfg.rag_url}/search", json={"query": task.request, "limit": cfg.max_snippets}
    )
    found.raise_for_status()
    snippets = [Snippet(**hit) for hit in found.json()["hits"]]

    history = await client.get(f"{cfg.git_url}/repos/{task.repo}/commits", params={"limit": 5})
    if history.status_code == httpx.codes.OK:
        subjects = "\n".join(commit["subject"] for commit in history.json())
        snippets.append(Snippet(path="(recent commits)", text=subjects))
    else:
        log.warning("no history for %s: %s", task.repo, history.status_code)
    return snippets


async def run_task(client: httpx.AsyncClient, cfg: Settings, task: Task) -> Proposal:
    snippets = await gather_snippets(client, cfg, task)
    full = task.model_copy(update={"snippets": task.snippets + snippets})
    answer = await client.post(f"{cfg.agent_url}/proposals", json=full.model_dump())
    answer.raise_for_status()
    return Proposal(**answer.json())
