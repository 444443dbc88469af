"""The program document as YAML: read with the place of every fault, written so that it reads back the same.

Its JSON Schema is published (``evenload schema program``); unknown keys are refused with a suggestion.
"""

import json
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

import yaml
from pydantic import TypeAdapter, ValidationError

from evenload.base.errors import InputError, did_you_mean
from evenload.base.local_clock import clock_text
from evenload.files.naming import naming
from evenload.files.yaml_mapping import load_yaml, read_yaml_mapping
from evenload.program.document import ProgramDocument

_TITLE: Final = "Program document of evenload"
_SHOWN_MAX: Final = 8
_CLOCK_KEYS: Final = ("start", "end")


def read_program_file(path: Path) -> ProgramDocument:
    """Read and check a program document; ``InputError`` names file, key, value and what is expected."""
    content = read_yaml_mapping(path)
    with naming(path, InputError):
        return _document_of(content)


def program_of_text(text: str) -> ProgramDocument:
    """The program document that YAML text holds; ``InputError`` where it is none."""
    try:
        content = load_yaml(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date or number that cannot be
        raise InputError(f"the document is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise InputError("the document holds no keys with values, such as `program_id: evenings`")
    return _document_of(content)


def program_of_json(text: str) -> ProgramDocument:
    """The program document that JSON text holds; ``InputError`` where it is none."""
    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        faults = sorted(error.errors(include_url=False), key=lambda fault: fault["type"] == "missing")
        lines = [_sentence(dict(fault)) for fault in faults]  # a misspelt key before the one it leaves missing
        raise InputError("\n".join(lines[:_SHOWN_MAX])) from error


def program_text(document: ProgramDocument) -> str:
    """The document as YAML, without what it leaves out."""
    content = _adapter().dump_python(document, exclude_defaults=True)
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def program_json(document: ProgramDocument) -> dict[str, Any]:
    """The document as JSON has it, amounts as text so that no digit is lost."""
    content: dict[str, Any] = _adapter().dump_python(document, mode="json", exclude_defaults=True)
    return content


def program_schema() -> dict[str, Any]:
    """JSON Schema of program documents."""
    return {**_adapter().json_schema(), "title": _TITLE}


@cache
def _adapter() -> TypeAdapter[ProgramDocument]:
    return TypeAdapter(ProgramDocument)


def _document_of(content: dict[Any, Any]) -> ProgramDocument:
    """Through JSON, whose strict reading takes dates and words from text, but no number."""
    try:
        text = json.dumps(_plain(content), allow_nan=False)
    except ValueError as error:
        raise InputError("a number is not finite; give one that is, or leave the key out") from error
    return program_of_json(text)


def _plain(value: object, key: str = "") -> object:
    """YAML's values as JSON has them. A clock time without quotes was read as minutes, dates and keys as themselves."""
    if isinstance(value, dict):
        return {str(name): _plain(part, str(name)) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if key in _CLOCK_KEYS and isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return clock_text(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | set):
        return str(value)
    return value


_EXPECTED: Final = {
    "missing": "is missing",
    "string_type": "should be a text, in quotes where it looks like a number",
    "int_type": "should be a whole number, not in quotes",
    "int_from_float": "should be a whole number",
    "bool_type": "should be true or false",
    "tuple_type": "should be a list, such as [a, b]",
    "decimal_parsing": "should be a number, such as 25 or 0.05",
    "decimal_type": "should be a number, such as 25 or 0.05",
    "dataclass_type": "should be keys with values in braces, or indented",
    "dataclass_exact_type": "should be keys with values in braces, or indented",
    "date_from_datetime_parsing": "should be a date such as 2026-06-01",
    "date_parsing": "should be a date such as 2026-06-01",
    "date_type": "should be a date such as 2026-06-01",
}


def _sentence(fault: dict[str, Any]) -> str:
    """One fault in words, with the nearest key or word."""
    place = tuple(fault["loc"])
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
    kind = fault["type"]
    if kind == "unexpected_keyword_argument":
        keys = _keys_at(place[:-1])
        inside = next((part for part in reversed(place[:-1]) if isinstance(part, str)), "a program document")
        return f"{where} is not a key of {inside}.{did_you_mean(str(place[-1]), keys)} There are: {', '.join(keys)}"
    if kind == "missing":
        return f"{where} {_EXPECTED[kind]}"
    value = "blank" if fault["input"] is None else repr(fault["input"])
    shown = "" if isinstance(fault["input"], dict | list) else f" = {value}"
    if kind == "enum":
        words = fault["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        near = did_you_mean(str(fault["input"]), words.split(", "))
        return f"{where}{shown} is no word for it.{near} There are: {words}"
    message = _EXPECTED.get(kind, str(fault["msg"]).removeprefix("Input ").removeprefix("Value error, "))
    return f"{where}{shown}: {message}" if where else f"the document: {message}"


def _keys_at(place: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys a part of the document has, by the way down to it."""
    part: Any = ProgramDocument
    for name in place:
        if isinstance(name, str):
            part = _part_of(next(field.type for field in fields(part) if field.name == name))
    return tuple(field.name for field in fields(part))


def _part_of(kind: Any) -> Any:  # noqa: ANN401 - a type expression
    """The dataclass within a type such as ``tuple[Arm, ...]`` or ``EventRules | None``."""
    return (
        kind
        if is_dataclass(kind)
        else next(_part_of(inner) for inner in get_args(kind) if get_args(inner) or is_dataclass(inner))
    )


class _Dumper(yaml.SafeDumper):
    """YAML of documents: amounts with their digits, words as words, lists indented."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's hook
        return super().increase_indent(flow, False)


def _number(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    text = format(value, "f")
    kind = "float" if "." in text else "int"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", text)


def _word(dumper: yaml.SafeDumper, value: StrEnum) -> yaml.ScalarNode:
    return dumper.represent_str(str(value))


_Dumper.add_representer(Decimal, _number)
_Dumper.add_multi_representer(StrEnum, _word)
_Dumper.add_representer(tuple, lambda dumper, value: dumper.represent_list(value))
