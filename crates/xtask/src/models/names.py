"""Looks up every name of Python model files in the libraries that are installed.

Usage: names.py FOLDER. Prints one line for each name that does not exist, and one for each
library that is not installed. A row whose note begins with `unchecked:` is left out: its names
are made at run time.
"""

import builtins
import importlib
import inspect
import re
import sys
from pathlib import Path

import yaml

TARGETS = ("at", "type", "caught", "step", "guard", "entry")
PLACE = re.compile(r"(?:arg(\d+):)?(\w+)(=?)")
missing = {}
wrong = []
checked = 0


def expand(text):
    """The alternatives of `a.{b,c}`."""
    opening = text.find("{")
    if opening < 0:
        return [text]
    closing = text.index("}", opening)
    words = text[opening + 1 : closing].split(",")
    return [
        found
        for word in words
        for found in expand(text[:opening] + word.strip() + text[closing + 1 :])
    ]


def texts(value):
    return value if isinstance(value, list) else [value]


def find(path):
    """The object of a dotted path and the class it was found in; a text says why there is none."""
    parts = path.split(".")
    if hasattr(builtins, parts[0]):
        return walk(getattr(builtins, parts[0]), parts[1:])
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if length == 1:
                raise LookupError(parts[0]) from error
            continue
        except Exception as error:  # A library that does not load here proves nothing.
            if length == 1:
                raise LookupError(f"{parts[0]}: {error!r}") from error
            continue
        return walk(module, parts[length:])
    raise LookupError(parts[0])


def walk(thing, parts):
    for part in parts:
        found = attribute(thing, part)
        if found is MISSING:
            return f"{getattr(thing, '__name__', thing)!r} has no `{part}`"
        if found is UNKNOWN or found is None:
            return UNKNOWN
        thing = found
    return thing


UNKNOWN = object()
MISSING = object()


def attribute(thing, name):
    try:
        return getattr(thing, name)
    except AttributeError:
        pass
    except Exception:  # Proxies of requests, lazy settings.
        return UNKNOWN
    if inspect.isclass(thing) and any(mentions(base, name) for base in thing.__mro__):
        return UNKNOWN
    return MISSING


def mentions(kind, name):
    """Whether a class declares the attribute, or one of its methods assigns or reads it."""
    if name in getattr(kind, "__annotations__", {}) or name in getattr(kind, "__slots__", ()):
        return True
    methods = (getattr(it, "__code__", None) for it in vars(kind).values())
    return any(name in code.co_names for code in methods if code)


def check_keywords(thing, path, places):
    """Names of parameters that rows give, against the signature."""
    try:
        parameters = inspect.signature(thing).parameters
    except Exception:  # Of builtins there is none; proxies of requests refuse.
        return
    if any(it.kind is it.VAR_KEYWORD for it in parameters.values()):
        return
    for place in places.split(","):
        match = PLACE.match(place.strip())
        if match and (match[1] or match[3]) and match[2] not in parameters:
            wrong.append(f"{path}: no parameter `{match[2]}` in {list(parameters)}")


def check(file, text, unchecked):
    global checked
    text = text.split("->")[0].split(" = ")[0].strip()
    path, _, places = text.partition("(")
    if path.startswith(("*.", "builtins.")):  # `builtins.X` are types that only models know.
        return
    path = path.removesuffix(".*")
    if path in unchecked:
        return
    checked += 1
    try:
        found = find(path)
    except LookupError as error:
        missing.setdefault(str(error), set()).add(file)
        return
    if isinstance(found, str) and " has no " in found:
        wrong.append(f"{file}: {path}: {found}")
    elif found is not UNKNOWN and inspect.isroutine(found) or inspect.isclass(found):
        check_keywords(found, f"{file}: {path}", places.rstrip(")"))


def targets(model):
    for section in ("same", "bases"):
        for name, others in (model.get(section) or {}).items():
            yield from expand(name)
            yield from texts(others)
    for name, kind in (model.get("types") or {}).items():
        yield from expand(name)
        yield kind
    for name in model.get("facts") or {}:
        yield from expand(name)
    for row in model.get("rows") or []:
        if str(row.get("note", "")).startswith("unchecked:"):
            continue
        for key in TARGETS:
            for text in texts(row.get(key, [])):
                # Braces of places do not exist; those of paths stand before the parenthesis.
                path, parenthesis, places = text.partition("(")
                yield from (one + parenthesis + places for one in expand(path))
        for key in ("only-types", "except-types", "except-defaults"):
            for text in texts(row.get(key, [])):
                yield from expand(text)
        yield from (row.get("receives") or {}).values()


def prepare():
    """Some libraries only show their names in a program that uses them."""
    try:
        from django.conf import settings

        settings.configure()
    except ImportError:
        pass


def main():
    prepare()
    for path in sorted(Path(sys.argv[1]).rglob("*.yaml")):
        model = yaml.safe_load(path.read_text())
        unchecked = {one for text in model.get("unchecked", []) for one in expand(text)}
        for target in targets(model):
            check(path.name, target, unchecked)
    for name, files in sorted(missing.items()):
        print(f"not installed: {name} ({', '.join(sorted(files))})")
    for line in sorted(set(wrong)):
        print(f"no such name: {line}")
    print(f"{checked} names looked up, {len(set(wrong))} do not exist")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
