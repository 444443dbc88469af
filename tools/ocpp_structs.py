"""The wire structs of OCPP, made of the JSON schemas of the installed `ocpp` package.

`tools/ocpp_structs.py` writes src/evenload/ocpp/v*/wire/: names, types and bounds, no text of the specifications.
`--check` writes nothing and exits 1 where a file is stale.
"""

import argparse
import importlib.util
import json
import keyword
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHARED = "datatypes"  # what more than one functional block uses
NOTE = "Made by tools/ocpp_structs.py. Do not edit."
SCALARS = {"integer": "int", "number": "float", "boolean": "bool", "string": "str"}

BOTH_WAYS = ("DataTransfer",)
UNIT_LENGTH_MAX = 3
KEPT_WHOLE = (("So_C", "SoC"), ("V2_G", "V2G"), ("V2_X", "V2X"))


@dataclass(frozen=True)
class Version:
    """One version of OCPP: how its messages are grouped, named and sent (tools/ocpp_structs.toml)."""

    folder: str
    title: str
    request_suffix: str
    from_station: Sequence[str]
    blocks: Mapping[str, Sequence[str]]
    names: Mapping[str, str] = field(default_factory=dict)


def versions() -> list[Version]:
    """The versions there are."""
    tables = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return [Version(folder, **table) for folder, table in tables.items()]


@dataclass(frozen=True)
class Field:
    """One field of a struct."""

    wire: str
    type: str
    required: bool


@dataclass
class Noun:
    """A struct or an enumeration, with the names it uses and the blocks that use it."""

    name: str
    title: str
    fields: list[Field] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    uses: set[str] = field(default_factory=set)
    blocks: set[str] = field(default_factory=set)

    @property
    def is_enum(self) -> bool:
        """Whether it is an enumeration."""
        return bool(self.members)


class Reader:
    """Reads the schemas of one version into nouns."""

    def __init__(self, version: Version, schemas: Path) -> None:
        self.version = version
        self.schemas = schemas
        self.nouns: dict[str, Noun] = {}
        self._defined: dict[str, Any] = {}
        self._titles: dict[str, str] = {}

    def read(self) -> dict[str, Noun]:
        """Every message with what it uses, by name."""
        for block, actions in self.version.blocks.items():
            for action in actions:
                for kind, suffix in (("Request", self.version.request_suffix), ("Response", "Response")):
                    self._message(block, action, kind, f"{action}{suffix}")
        return self.nouns

    def _message(self, block: str, action: str, kind: str, stem: str) -> None:
        schema = json.loads((self.schemas / f"{stem}.json").read_text(encoding="utf-8-sig"))
        self._defined = schema.get("definitions", {})
        name = self._struct(f"{action}{kind}", f"{action}, the {kind.lower()}.", schema, stem)
        self._mark(name, block)

    def _struct(self, name: str, title: str, schema: Any, path: str) -> str:
        noun = Noun(name, title)
        required = schema.get("required", [])
        for wire, inner in schema.get("properties", {}).items():
            if wire != "customData":
                noun.fields.append(Field(wire, self._type(inner, f"{path}/{wire}", noun), wire in required))
        noun.fields.sort(key=lambda one: not one.required)
        self._keep(noun)
        return name

    def _type(self, schema: Any, path: str, user: Noun) -> str:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self._noun(name.removesuffix("Type"), name, self._defined[name], path, user)
        if "enum" in schema or schema.get("type") == "object":
            name = self._name(path)
            return self._noun(name, name, schema, path, user)
        if schema.get("type") == "array":
            bounds = _meta(min_length=schema.get("minItems"), max_length=schema.get("maxItems"))
            return _annotated(f"tuple[{self._type(schema['items'], path, user)}, ...]", bounds)
        return _scalar(schema)

    def _noun(self, name: str, title: str, schema: Any, path: str, user: Noun) -> str:
        if not schema.get("properties") and "enum" not in schema:
            return _scalar(schema)
        user.uses.add(name)
        if "enum" in schema:
            self._keep(Noun(name, f"The values of {title} ({self.version.title}).", members=sorted(schema["enum"])))
            return name
        return self._struct(name, f"{title} ({self.version.title}).", schema, path)

    def _name(self, path: str) -> str:
        ends = [end for end in self.version.names if f"/{path}".endswith(f"/{end}")]
        if not ends:
            raise SystemExit(f"{self.version.title}: no name for {path}")
        return self.version.names[max(ends, key=len)]

    def _keep(self, noun: Noun) -> None:
        known = self.nouns.setdefault(noun.name, noun)
        if known.is_enum:  # errata reached one of two schemas: take both
            known.members = sorted({*known.members, *noun.members})
        elif {one.wire: one for one in known.fields} != {one.wire: one for one in noun.fields}:
            raise SystemExit(f"{self.version.title}: {noun.name} has two shapes")

    def _mark(self, name: str, block: str) -> None:
        self.nouns[name].blocks.add(block)
        for used in self.nouns[name].uses:
            self._mark(used, block)


def _scalar(schema: Any) -> str:
    kind = schema.get("type")
    if kind is None or kind == "object":
        return "Any"
    if kind == "string":
        return "Timestamp" if schema.get("format") == "date-time" else _string(schema.get("maxLength"))
    return _annotated(SCALARS[kind], _meta(ge=schema.get("minimum"), le=schema.get("maximum")))


def _string(max_length: int | None) -> str:
    return "str" if max_length is None else f"String{max_length}"


def _meta(**bounds: float | None) -> str:
    return ", ".join(f"{name}={int(bound)}" for name, bound in bounds.items() if bound is not None)


def _annotated(inner: str, bounds: str) -> str:
    return f"Annotated[{inner}, Meta({bounds})]" if bounds else inner


def snake(wire: str) -> str:
    """``evseId`` -> ``evse_id``: decided here, once; the generated files give each wire name in full."""
    words = re.sub(r"([A-Z]+)(?=[A-Z][a-z])|([a-z0-9])(?=[A-Z])", lambda found: found.group() + "_", wire)
    for cut, whole in KEPT_WHOLE:
        words = words.replace(cut, whole)
    name = words.lower()
    return f"{name}_" if keyword.iskeyword(name) else name


def member(wire: str) -> str:
    """``Energy.Active.Import.Register`` -> ``ENERGY_ACTIVE_IMPORT_REGISTER``; units and the like stay in one piece."""
    words = wire if len(wire) <= UNIT_LENGTH_MAX or wire.isupper() else snake(wire)
    return re.sub(r"\W+|_+", "_", words).upper()


def written(noun: Noun, base: str) -> str:
    """The class of a noun."""
    if noun.is_enum:
        lines = [f"    {member(value)} = {value!r}{_spared(value)}" for value in noun.members]
        if len({line.split(" = ")[0] for line in lines}) < len(lines):
            raise SystemExit(f"{noun.name} has two members of one name")
        return "\n".join([f"class {noun.name}(StrEnum):", f'    """{noun.title}"""', "", *lines])
    lines = [f"    {_field(one)}" for one in noun.fields]
    head = f"class {noun.name}({base}, frozen=True, kw_only=True):"
    return "\n".join([head, f'    """{noun.title}"""', "", *lines])


def _spared(value: str) -> str:
    return "  # noqa: S105" if "Pass" in value else ""


def _field(one: Field) -> str:
    name = snake(one.wire)
    named = [] if name == one.wire else [f'name="{one.wire}"']
    if one.required:
        return f"{name}: {one.type}" + (f" = field({named[0]})" if named else "")
    default = f"field(default=None, {named[0]})" if named else "None"
    return f"{name}: {one.type} | None = {default}"


def module(version: Version, name: str, nouns: list[Noun], home: Mapping[str, str]) -> str:
    """The text of one generated module."""
    base = "Wire" if version.folder == "v16" else "Extensible"
    body = "\n\n\n".join(written(noun, base) for noun in _used_first(nouns))
    title = "what several blocks use" if name == SHARED else name.replace("_", " ")
    lengths = sorted({int(found) for found in re.findall(r"\bString(\d+)\b", body)})
    strings = "\n".join(f"String{length} = Annotated[str, Meta(max_length={length})]" for length in lengths)
    parts = [f'"""{version.title}: {title}. {NOTE}"""', _imports(version, nouns, body, home), strings, body]
    return "\n\n".join(part for part in parts if part)


def _imports(version: Version, nouns: list[Noun], body: str, home: Mapping[str, str]) -> str:
    lines = ["from enum import StrEnum"] if "StrEnum" in body else []
    typing = [
        word for word, mark in (("Annotated", r"Annotated\[|String"), ("Any", r"\bAny\b")) if re.search(mark, body)
    ]
    if typing:
        lines.append(f"from typing import {', '.join(typing)}")
    third = [word for word, mark in (("Meta", "Meta("), ("Meta", "String"), ("field", " field(")) if mark in body]
    if third:
        lines += ["", f"from msgspec import {', '.join(dict.fromkeys(third))}"]
    ours = [word for word in ("Extensible", "Timestamp", "Wire") if re.search(rf"\b{word}\b", body)]
    lines.append("")
    defined = {noun.name for noun in nouns}
    shared = sorted(
        {used for noun in nouns for used in noun.uses if home[used] == SHARED} - defined,
        key=lambda name: (not name.isupper(), name),
    )
    if shared:
        lines.append(f"from evenload.ocpp.{version.folder}.wire.{SHARED} import {', '.join(shared)}")
    if ours:
        lines.append(f"from evenload.ocpp.wire import {', '.join(ours)}")
    return "\n".join(lines)


def _used_first(nouns: list[Noun]) -> Iterator[Noun]:
    """Enumerations first, then structs with those they use before them."""
    here = {noun.name: noun for noun in nouns}
    done: set[str] = set()

    def visit(noun: Noun) -> Iterator[Noun]:
        if noun.name not in done:
            done.add(noun.name)
            for used in sorted(noun.uses & here.keys()):
                yield from visit(here[used])
            yield noun

    for noun in sorted(nouns, key=lambda one: (not one.is_enum, bool(one.uses), one.name)):
        yield from visit(noun)


def actions_module(version: Version) -> str:
    """The registry: every action with its two structs and who sends it."""
    package = f"evenload.ocpp.{version.folder}.wire"
    lines = []
    for block, actions in sorted(version.blocks.items()):
        for name in sorted(actions):
            sent = "EITHER" if name in BOTH_WAYS else "STATION" if name in version.from_station else "CSMS"
            lines.append(f'    Action("{name}", {block}.{name}Request, {block}.{name}Response, {sent}),')
    blocks = ", ".join(sorted(version.blocks))
    return "\n".join([
        f'"""{version.title}: every action with its request and response. {NOTE}"""', "",
        "from typing import Final", "",
        "from evenload.ocpp.action import CSMS, EITHER, STATION, Action",
        f"from {package} import {blocks}", "", "ACTIONS: Final = (", *lines, ")",
    ])  # fmt: skip


def modules() -> dict[Path, str]:
    """Every generated file with its text, formatted."""
    spec = importlib.util.find_spec("ocpp")
    if spec is None or spec.origin is None:
        raise SystemExit("the schemas come with the development package `ocpp`, which is not installed")
    texts: dict[Path, str] = {}
    for version in versions():
        folder = Path("src/evenload/ocpp") / version.folder / "wire"
        nouns = Reader(version, Path(spec.origin).parent / version.folder / "schemas").read()
        home = {noun.name: next(iter(noun.blocks)) if len(noun.blocks) == 1 else SHARED for noun in nouns.values()}
        by_home: dict[str, list[Noun]] = defaultdict(list)
        for noun in nouns.values():
            by_home[home[noun.name]].append(noun)
        head = f"The wire structs of {version.title}, a module per functional block. {NOTE}"
        texts[folder / "__init__.py"] = f'"""{head}"""'
        texts[folder / "actions.py"] = actions_module(version)
        for name, inside in by_home.items():
            texts[folder / f"{name}.py"] = module(version, name, inside, home)
    return {path: formatted(text) for path, text in texts.items()}


def formatted(text: str) -> str:
    """The text as `ruff format` leaves it."""
    line = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "generated.py", "-"]
    return subprocess.run(line, input=text, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def main(arguments: list[str] | None = None) -> int:
    """Write the structs, or with `--check` compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    made = modules()
    present = {path.relative_to(chosen.root) for path in chosen.root.glob("src/evenload/ocpp/v*/wire/*.py")}
    stale = sorted(present - made.keys())
    stale += [path for path, text in made.items() if path not in present or (chosen.root / path).read_text() != text]
    for path in stale:
        if chosen.check:
            print(f"{path} is stale; run tools/ocpp_structs.py")
        elif path in made:
            (chosen.root / path).parent.mkdir(parents=True, exist_ok=True)
            (chosen.root / path).write_text(made[path], encoding="utf-8")
        else:
            (chosen.root / path).unlink()
    return 1 if stale and chosen.check else 0


if __name__ == "__main__":
    sys.exit(main())
