"""The pages of settings and of metrics, made of what reads the settings and tells the numbers.

`tools/settings_reference.py` writes docs/reference/{settings,metrics}.md; `--check` writes nothing and exits 1 where
one is stale.
"""

import argparse
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from evenload.app.metric_families import FAMILIES
from evenload.app.settings import Settings, variable_of
from evenload.web.metrics import Counting

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = """\
# Settings

<!-- Made by tools/settings_reference.py from src/evenload/app/settings.py. Do not edit. -->

What `evenload serve` goes by. A setting comes from an option of the command line, else from the environment, else from
the file of `--settings` (TOML or YAML: one `name = value` a line), else it has its default. A name that is not in the
table is refused. `evenload doctor` says which values are in force, where each comes from, and whether they work.

```toml
# evenload.toml
host = "0.0.0.0"
tenants = ["depot"]
tls_certificate = "/etc/evenload/chain.pem"
tls_key = "/etc/evenload/key.pem"
log_format = "json"
```

A secret is better in the environment, or in a file only the server may read. Certificates and keys are read again
when they change; everything else when the server starts.
"""
METRICS = """\
# Metrics

<!-- Made by tools/settings_reference.py from src/evenload/app/metric_families.py. Do not edit. -->

`GET /metrics` on the API's port tells these numbers in the text format of Prometheus, and needs the bearer token
`metrics_token` where that [setting](settings.md) is given. They are read when somebody asks; counters begin at 0 with
the process. Beside them stand the `process_` and `python_` numbers of Prometheus' own client. Instants and seconds are
by the clock that plans go by. [Operate](../howto/operate.md#metrics-and-alerts) has alerts worth having.

A histogram `NAME` is told as `NAME_bucket`, by its upper bound `le`, `NAME_sum` and `NAME_count`.
"""


def main() -> int:
    """Write the pages, or with `--check` compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is stale")
    check = parser.parse_args().check
    stale = False
    for name, text in {"settings.md": settings_page(), "metrics.md": metrics_page()}.items():
        page = ROOT / "docs" / "reference" / name
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        stale = True
        if check:
            print(f"docs/reference/{name} is stale; run tools/settings_reference.py")
        else:
            page.write_text(text, encoding="utf-8")
    return int(stale and check)


def settings_page() -> str:
    """Every setting."""
    rows = ["| setting | value | default | what it is |", "|---|---|---|---|"]
    keys: dict[str, Any] = Settings.model_json_schema()["properties"]
    for name, field in Settings.model_fields.items():
        text = " ".join((field.description or "").split())
        rows.append(f"| `{name}` | {_kind(keys[name])} | {_default(keys[name].get('default'))} | {text} |")
    example = variable_of("plan_every_s")
    closing = (
        f"In the environment `plan_every_s` is `{example}`, and so on for every one; a list is separated by commas."
    )
    return "\n".join([SETTINGS, *rows, "", closing, ""])


def metrics_page() -> str:
    """Every number."""
    rows = ["| name | kind | labels | what it counts |", "|---|---|---|---|"]
    rows += [f"| `{one.name}` | {one.kind} | {_labels(one.labels)} | {one.text} |" for one in FAMILIES]
    registry = CollectorRegistry()
    Counting(_nothing, registry, lambda: 0.0)
    labels = {"counter": ("method", "route", "status"), "histogram": ("method", "route")}
    for one in registry.collect():
        name = f"{one.name}_total" if one.type == "counter" else one.name
        rows.append(f"| `{name}` | {one.type} | {_labels(labels[one.type])} | {one.documentation} |")
    return "\n".join([METRICS, *rows, ""])


async def _nothing(*_: object) -> None:
    """An application that is never called."""


def _labels(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _default(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return ", ".join(f"`{one}`" for one in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != "" else '`""`'


_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


def _kind(key: dict[str, Any]) -> str:
    """What a setting takes, in words."""
    for one in key.get("anyOf", []):
        if one.get("type") != "null":
            return _kind(one)
    if "enum" in key:
        return ", ".join(f"`{word}`" for word in key["enum"])
    if key.get("format") == "path":
        return "path"
    if key.get("type") == "array":
        return f"list of {_kind(key['items'])}"
    bounds = [f"{sign} {key[name]:,.10g}" for name, sign in _BOUNDS.items() if name in key]
    return " ".join([_WORDS[key["type"]], ", ".join(bounds)]).strip()


if __name__ == "__main__":
    raise SystemExit(main())
