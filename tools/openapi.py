"""The OpenAPI description of the REST API, and the page that lists its operations, made of the program itself.

`tools/openapi.py` writes docs/reference/{openapi.json,api.md}; `--check` writes nothing and exits 1 where one is stale.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evenload.store.memory import MemoryStore
from evenload.web.api import api
from evenload.web.options import ApiOptions, Services
from evenload.web.passwords import Argon2

ROOT = Path(__file__).resolve().parent.parent
MADE = "<!-- Made by tools/openapi.py from the program. Do not edit. -->"


def main() -> int:
    """Write the files, or with `--check` compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is stale")
    check = parser.parse_args().check
    told = description()
    stale = False
    for name, text in {"openapi.json": json.dumps(told, indent=1) + "\n", "api.md": page(told)}.items():
        file = ROOT / "docs" / "reference" / name
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        stale = True
        if check:
            print(f"docs/reference/{name} is stale; run tools/openapi.py")
        else:
            file.write_text(text, encoding="utf-8")
    return int(stale and check)


def description() -> dict[str, Any]:
    """The description that the server answers at /openapi.json; its version follows the documentation."""
    options = ApiOptions(b"0" * 32)
    services = Services(
        MemoryStore(), lambda: datetime(2026, 1, 1, tzinfo=UTC), options, Argon2(), str, lambda: "0" * 32
    )
    return api(services, lambda: 0.0).openapi()


def page(told: dict[str, Any]) -> str:
    """Every operation in a table, below what holds for all."""
    lines = ["# REST API", "", MADE, "", told["info"]["description"], ""]
    lines += [
        "A running server shows the same at `/docs`, with every field. The whole description is "
        "[openapi.json](openapi.json) (OpenAPI 3.1). How to begin: [Use the API](../howto/use-the-api.md).",
        "",
    ]
    for tag in told["tags"]:
        rows = [row for path, methods in told["paths"].items() for row in operations(path, methods, tag["name"])]
        if rows:
            lines += [
                f"## {tag['name']}",
                "",
                tag["description"],
                "",
                "| operation | what it does |",
                "|---|---|",
                *rows,
            ]
            lines.append("")
    lines += ["## Resources", ""]
    for name, schema in sorted(told["components"]["schemas"].items()):
        if schema.get("properties") and not name.startswith("Page_"):
            lines += resource(name, schema)
    return "\n".join(lines)


def operations(path: str, methods: dict[str, Any], tag: str) -> list[str]:
    """A row for each method of a path."""
    return [
        f"| `{method.upper()} {path}` | {' '.join(one['description'].split())} |"
        for method, one in methods.items()
        if tag in one["tags"]
    ]


def resource(name: str, schema: dict[str, Any]) -> list[str]:
    """A table of the fields of a resource."""
    lines = [f"### {name}", "", schema.get("description", ""), "", "| field | type | |", "|---|---|---|"]
    required = set(schema.get("required", ()))
    for field, one in schema["properties"].items():
        name_shown = f"**{field}**" if field in required else field
        lines.append(f"| {name_shown} | {kind(one)} | {' '.join(one.get('description', '').split())} |")
    return [*lines, ""]


def kind(schema: dict[str, Any]) -> str:
    """The type of a field in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'])}"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    return str(schema.get("format") or schema.get("type", "any"))


if __name__ == "__main__":
    raise SystemExit(main())
