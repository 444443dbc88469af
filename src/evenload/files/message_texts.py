"""Texts of messages by language, as they come with evenload: one file a language, ready for translation."""

from functools import cache
from importlib import resources
from typing import Any, Final

from evenload.base.errors import InputError, did_you_mean
from evenload.files.yaml_mapping import load_yaml
from evenload.service.messages.catalogue import Catalogue, Language, Texts
from evenload.service.people_rows import MessageKind

_FOLDER: Final = resources.files("evenload.files") / "data" / "messages"
_PARTS: Final = ("footer", "instant", "weekdays", "months", "messages")


@cache
def packaged_catalogue() -> Catalogue:
    """All languages that come with evenload."""
    files = [one for one in _FOLDER.iterdir() if one.name.endswith(".yaml")]
    codes = {one.name.removesuffix(".yaml"): one.read_text(encoding="utf-8") for one in files}
    return Catalogue({code: language_of(code, text) for code, text in codes.items()})


def language_of(code: str, text: str) -> Language:
    """A language of its YAML; ``InputError`` says what is missing or not known."""
    told: Any = load_yaml(text)
    if not isinstance(told, dict) or set(told) != set(_PARTS):
        raise InputError(f"the language {code} has the parts {', '.join(_PARTS)}")
    known = {str(kind): kind for kind in MessageKind}
    for name in told["messages"]:
        if name not in known:
            raise InputError(f"{code}: there is no kind of message {name!r}.{did_you_mean(name, known)}")
    return Language(
        code, {known[name]: _texts(code, name, parts) for name, parts in told["messages"].items()},
        str(told["footer"]), str(told["instant"]), tuple(told["weekdays"]), tuple(told["months"]),
    )  # fmt: skip


def _texts(code: str, name: str, parts: Any) -> Texts:  # noqa: ANN401 - of YAML
    if not isinstance(parts, dict) or set(parts) != set(Texts.__dataclass_fields__):
        raise InputError(f"{code}, {name}: it has {', '.join(Texts.__dataclass_fields__)}")
    return Texts(**{part: str(text).strip() for part, text in parts.items()})
