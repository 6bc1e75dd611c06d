"""Looks up every name of Rust model files in the sources of the crates.

Usage: crate_names.py FOLDER REGISTRY. A name counts as there when its types and its last part are
words in the sources of its crate or of a crate whose name begins so (`axum-core`): macros make
many of them, so definitions are not looked for and paths are not followed. Prints one line for each name that is nowhere, and one for each crate without
sources. A row whose note begins with `unchecked:` is left out.
"""

import re
import sys
from pathlib import Path

import yaml

from names import TARGETS, expand, texts

KEYS = ("only-types", "except-types", "except-defaults")
# Crates whose public names come from crates with other names.
ALSO = {
    "axum": ["multer", "bytes"],
    "actix_web": ["actix"],
    "actix_files": ["actix"],
    "http": ["http"],
    "warp": ["warp", "headers"],
    "md5": ["md5", "md-5"],
    "futures": ["futures"],
    "postgres": ["tokio-postgres"],
}
words = {}


def sources(crate, registry):
    """Every word of a crate's sources outside of line comments."""
    if crate in words:
        return words[crate]
    names = [crate.replace("_", "-"), crate, *ALSO.get(crate, [])]
    folders = [
        folder
        for index in registry.iterdir()
        for folder in index.iterdir()
        if any(re.match(rf"{re.escape(name)}(-[a-z_]+)*-\d", folder.name) for name in names)
    ]
    found = set()
    for folder in folders:
        for file in folder.rglob("*.rs"):
            code = re.sub(r"//.*", "", file.read_text(errors="replace"))
            found.update(re.findall(r"\w+", code))
    words[crate] = found if folders else None
    return words[crate]


def targets(model):
    for section in ("same", "bases", "types", "facts"):
        for name in model.get(section) or {}:
            yield from expand(name)
    for row in model.get("rows") or []:
        if str(row.get("note", "")).startswith("unchecked:"):
            continue
        for key in (*TARGETS, *KEYS):
            for text in texts(row.get(key, [])):
                yield from expand(text.partition("(")[0])


def main():
    registry = Path(sys.argv[2]).expanduser()
    missing, wrong, checked = set(), set(), 0
    for path in sorted(Path(sys.argv[1]).rglob("*.yaml")):
        model = yaml.safe_load(path.read_text())
        unchecked = {
            one.replace("::", ".") for text in model.get("unchecked", []) for one in expand(text)
        }
        for target in targets(model):
            name = target.partition("(")[0].split(" = ")[0].strip().replace("::", ".")
            crate, _, rest = name.removesuffix(".*").partition(".")
            local = crate in ("std", "core", "alloc", "str", "crypto", "*")
            if local or name in unchecked or not rest:
                continue
            checked += 1
            known = sources(crate, registry)
            if known is None:
                missing.add(crate)
                continue
            parts = [part.rstrip("!") for part in rest.split(".")]
            lost = [part for part in parts if part not in known]
            # Modules may be files only.
            if any(part[0].isupper() or part == parts[-1] for part in lost):
                wrong.add(f"{path.name}: {name}: no `{lost[-1]}` in `{crate}`")
    for crate in sorted(missing):
        print(f"no sources: {crate}")
    for line in sorted(wrong):
        print(f"no such name: {line}")
    print(f"{checked} names looked up, {len(wrong)} do not exist")
    sys.exit(1 if wrong else 0)


main()
