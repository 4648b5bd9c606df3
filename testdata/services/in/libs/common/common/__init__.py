from common.logs import setup_logging
from common.messages import Proposal, Snippet, Task
from common.settings import ServiceSettings

__all__ = ["Proposal", "ServiceSettings", "Snippet", "Task", "setup_logging"]
