"""Frames and values as text to be looked at: passwords and keys never, tokens by their last four characters.

What is secret is told by names: of the field, or of the setting beside it. Where in doubt it is hidden.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final

HIDDEN: Final = "(hidden)"
_DEPTH_MAX: Final = 24
_TOKEN_SHOWN_FROM: Final = 8
_OUTLINE_MAX: Final = 2000
_SECRET: Final = re.compile(
    r"passw|passphrase|pwd|secret|credential|privatekey|authori[sz]ationkey|apikey|accesskey|sharedkey|simpin|bearer"
    r"|exirequest|exiresponse|(access|auth|refresh|session)token|^(pin|auth|authori[sz]ation|psk)$"
    r"|.(?<!public)(?<!unknown)(?<!configuration)key$"
)
_TOKEN: Final = re.compile(r"idtag|idtoken|masterpass|emaid|rfid|customeridentifier|^(uid|token|tokenid)$")
_SECRET_WORDS: Final = re.compile(
    r"(?is)(passw\w*|passphrase|\bpwd|secret|credential\w*|private.?key|authori[sz]ation.?key|api.?key|access.?key"
    r"|shared.?key|\bauthori[sz]ation|\bbasic(?=\s+[\w+/=.-]{6})|\bbearer|\btoken|\bpin)(\W.+)"
)
_KEY: Final = "key"
_OF_A_SETTING: Final = frozenset({"value", "readonly"})
_NAMING: Final = frozenset({_KEY, "name", "messageid", "settingname", "variablename"})
_NAMED_BELOW: Final = ("variable", "component")
_VALUES: Final = frozenset({"value", "attributevalue", "actualvalue", "data"})
_A_NAME: Final = re.compile(r"[\w.\-/\[\]]{1,200}")
_LOGIN: Final = re.compile(r"(?<=//)[^/\s]*@")
_QUERY: Final = re.compile(r"([?&;][^=&;\s]{1,100}=)[^&;\s]+")
_PERSONAL: Final = "NotifyCustomerInformation"
_SEPARATORS: Final = re.compile(r"[\W_]")
_UNPRINTABLE: Final = re.compile(r"[^ -~]")
_LETTER: Final = re.compile(r"[^\W_]")


class _Kind(IntEnum):
    PLAIN = 0
    TOKEN = 1
    SECRET = 2


def redacted(frame: bytes, *, show_tokens: bool = False) -> str:
    """A frame in JSON without its secrets. Of one that is no JSON the outline: every letter and digit an x."""
    veil = _Veil(show_tokens)
    try:
        parts = json.loads(frame)
        if isinstance(parts, list) and _PERSONAL in parts[2:3]:
            told = veil.of(parts[:3]) + replace(veil, kind=_Kind.SECRET).of(parts[3:])
        else:
            told = veil.of(parts)
    except (ValueError, RecursionError):
        return _UNPRINTABLE.sub("?", _LETTER.sub("x", frame[:_OUTLINE_MAX].decode(errors="replace")))
    return json.dumps(told, separators=(",", ":"))


def without_secrets(value: object) -> Any:  # noqa: ANN401 - of the shape it had
    """A value such as JSON holds, without its secrets; tokens are shown."""
    return _Veil(show_tokens=True).of(value)


@dataclass(frozen=True, slots=True)
class _Veil:
    """Hides what is below one name; ``kind`` is what the names above have told already."""

    show_tokens: bool
    name: str = ""
    kind: _Kind = _Kind.PLAIN
    depth: int = 0

    def of(self, value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
        if value is None or isinstance(value, bool):
            return value
        if self.depth > _DEPTH_MAX:
            return HIDDEN
        if isinstance(value, Mapping):
            return self._of_object(value)
        if isinstance(value, list | tuple):
            below = replace(self, depth=self.depth + 1)
            return [below.of(one) for one in value]
        if self.kind is _Kind.SECRET:
            return HIDDEN
        if self.kind is _Kind.TOKEN and not self.show_tokens:
            return _masked(str(value))
        return self._of_text(value) if isinstance(value, str) else value

    def _of_object(self, given: Mapping[str, Any]) -> dict[str, Any]:
        naming = _naming(given)
        told = max(map(_kind_of, _names_in(given)), default=_Kind.PLAIN)
        return {self._of_text(name): self._of_field(_folded(name), one, told, naming) for name, one in given.items()}

    def _of_field(self, name: str, value: Any, told: _Kind, naming: frozenset[str]) -> Any:  # noqa: ANN401
        """A field of an object of which some fields, the ``naming``, have told of what kind the others are."""
        below = _Veil(self.show_tokens, name, depth=self.depth + 1)
        if name in naming and isinstance(value, str) and _A_NAME.fullmatch(value):
            return value
        if name in _NAMED_BELOW and isinstance(value, Mapping) and self.kind is not _Kind.SECRET:
            return below.of(value)
        own = _Kind.SECRET if name == _KEY and not isinstance(value, list) else _kind_of(name)
        if own is _Kind.TOKEN and isinstance(value, Mapping):
            own = _Kind.PLAIN  # its own fields tell what is the token in it
        above = max(self.kind, told)
        if above is _Kind.TOKEN and name not in _VALUES and not isinstance(value, list | tuple | Mapping):
            above = _Kind.PLAIN
        return replace(below, kind=max(own, above)).of(value)

    def _of_text(self, text: str) -> str:
        """A text that is no secret by its name, but may hold some."""
        if text.lstrip()[:1] in ("{", "[") and text.strip():
            try:
                held = json.loads(text)
            except (ValueError, RecursionError):
                pass
            else:
                return json.dumps(replace(self, depth=self.depth + 1).of(held), separators=(",", ":"))
        text = _QUERY.sub(rf"\1{HIDDEN}", _LOGIN.sub(f"{HIDDEN}@", text))
        return _SECRET_WORDS.sub(rf"\1{HIDDEN}", text)


def _naming(given: Mapping[str, Any]) -> frozenset[str]:
    """The fields that name what an object is about. A key beside no value opens something and is a secret itself."""
    return _NAMING if any(_folded(name) in _OF_A_SETTING for name in given) else _NAMING - {_KEY}


def _names_in(given: Mapping[str, Any]) -> Iterator[str]:
    """The names of what an object tells of: its own, its variable's, its component's."""
    for name, value in given.items():
        folded = _folded(name)
        if folded in _NAMING and isinstance(value, str):
            yield value
        elif folded in _NAMED_BELOW and isinstance(value, Mapping):
            yield from (one for key, one in value.items() if _folded(key) in _NAMING and isinstance(one, str))


def _kind_of(name: str) -> _Kind:
    folded = _folded(name)
    if _SECRET.search(folded):
        return _Kind.SECRET
    return _Kind.TOKEN if _TOKEN.search(folded) else _Kind.PLAIN


def _folded(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()


def _masked(text: str) -> str:
    return "****" + text[-4:] if len(text) >= _TOKEN_SHOWN_FROM else "****"
