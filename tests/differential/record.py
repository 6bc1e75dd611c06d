"""Records what Semgrep answers to the rules of each folder here, in its `answers.json`.

    python tests/differential/record.py SEMGREP

Run it with the version named in `VERSION`, after a change of rules or code. The answers are byte
spans, start and end, for each rule. `tests/differential.rs` compares them with ours.
"""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
VERSION = "1.182.0"


def record(semgrep: str, folder: pathlib.Path) -> None:
    code = next(folder.glob("code.*"))
    options = ["--json", "--metrics=off", "--disable-version-check", "--no-git-ignore", "--quiet"]
    command = [semgrep, "scan", *options, "--config", folder / "rules.yaml", code]
    output = subprocess.run(command, capture_output=True, check=False).stdout
    answer = json.loads(output)
    for error in answer["errors"]:
        print(folder.name, error.get("rule_id"), str(error)[:300], file=sys.stderr)
    text = (folder / "rules.yaml").read_text()
    spans: dict[str, list[list[int]]] = {
        line.removeprefix("- id: "): [] for line in text.splitlines() if line.startswith("- id: ")
    }
    for result in answer["results"]:
        name = result["check_id"].rsplit(".", 1)[-1]
        span = [result["start"]["offset"], result["end"]["offset"]]
        if span not in spans[name]:
            spans[name].append(span)
    lines = [f"  {json.dumps(name)}: {json.dumps(sorted(found))}" for name, found in spans.items()]
    (folder / "answers.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    program = sys.argv[1]
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.strip() == VERSION, version.stdout
    for each in sorted(HERE.iterdir()):
        if each.is_dir():
            record(program, each)
