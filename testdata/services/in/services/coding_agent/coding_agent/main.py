import httpx
from common import Proposal, ServiceSettings, Task, setup_logging
from fastapi import FastAPI, HTTPException

from coding_agent.model import ModelError, ask
from coding_agent.prompts import render


class Settings(ServiceSettings):
    # empty: answer with the prompt alone
    model_url: str = ""
    request_timeout: float = 60.0


settings = Settings()
setup_logging("coding_agent", settings.log_level)

app = FastAPI(title="coding_agent")


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/proposals")
def propose(task: Task) -> Proposal:
    prompt = render(task)
    if not settings.model_url:
        return Proposal(repo=task.repo, prompt=prompt)
    try:
        with httpx.Client(timeout=settings.request_timeout) as client:
            patch = ask(client, settings.model_url, prompt)
    except ModelError as err:
        raise HTTPException(status_code=502, detail=f"model failed: {err}") from err
    return Proposal(repo=task.repo, prompt=prompt, patch=patch)
