"""Writes the Dockerfiles that stand inside other files to a folder: the table of edge cases and the rules' examples.

    .ci/dockerfiles.py FOLDER
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parent.parent
FENCE = re.compile(r"^```dockerfile.*\n((?:.*\n)*?)```$", re.MULTILINE)


def texts():
    """Name and text of each."""
    table = ROOT / "testdata/syntax/edge_parse.jsonl"
    for at, line in enumerate(table.read_text(encoding="utf-8").splitlines()):
        yield f"edge-{at + 1}", json.loads(line)["dockerfile"]
    for page in sorted(ROOT.glob("rules/*/*.md")):
        for at, fence in enumerate(FENCE.finditer(page.read_text(encoding="utf-8"))):
            yield f"{page.stem}-{at + 1}", fence[1]


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True)
    for name, text in texts():
        (folder / f"{name}.Dockerfile").write_bytes(text.encode("utf-8", "surrogateescape"))


main()
