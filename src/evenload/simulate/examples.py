"""Studies that ship with evenload, as text to run or to start from."""

from importlib.resources import files

from evenload.base.errors import InputError, did_you_mean

_FOLDER = "example_studies"


def example_names() -> list[str]:
    """Names of the packaged studies."""
    return sorted(
        item.name.removesuffix(".yaml")
        for item in files("evenload.simulate").joinpath(_FOLDER).iterdir()
        if item.name.endswith(".yaml")
    )


def example_text(name: str) -> str:
    """Text of a packaged study."""
    names = example_names()
    if name not in names:
        raise InputError(
            f"there is no example study {name!r}.{did_you_mean(name, names)} There are: {', '.join(names)}"
        )
    return files("evenload.simulate").joinpath(_FOLDER, f"{name}.yaml").read_text(encoding="utf-8")
