from common import Task
from jinja2 import Environment, PackageLoader, StrictUndefined

env = Environment(
    loader=PackageLoader("coding_agent"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,
)


def render(task: Task) -> str:
    return env.get_template("change.txt.j2").render(task=task)
