"""A YAML file as a mapping, in which a key that stands twice is refused."""

from pathlib import Path
from typing import Any

import yaml

from evenload.base.errors import InputError


class _OneValueAKey(yaml.SafeLoader):
    """YAML in which a key that stands twice is refused: the second would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping of a node."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                place = f"line {node.start_mark.line + 1}"
                raise yaml.constructor.ConstructorError(problem=f"the key {key!r} stands twice in the part at {place}")
        return super().construct_mapping(node, deep)


def load_yaml(text: str) -> object:
    """What YAML text holds; PyYAML's and Python's own errors where it cannot be read."""
    return yaml.load(text, Loader=_OneValueAKey)  # noqa: S506 - a SafeLoader


def read_yaml_mapping(path: Path) -> dict[Any, Any]:
    """What the file holds, ``{}`` where it is empty; ``InputError``, naming it, where it is no YAML or no mapping."""
    try:
        content = load_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} cannot be read as UTF-8 text: {error}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date or number that cannot be
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"{path} holds no keys with values, such as `wear_per_kwh: 0.05`")
    return content
