from common import ServiceSettings


class Settings(ServiceSettings):
    rag_url: str = "http://localhost:8001"
    git_url: str = "http://localhost:8002"
    agent_url: str = "http://localhost:8003"
    max_snippets: int = 5
