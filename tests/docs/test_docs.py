"""Every fenced block of the documentation runs, or says why it does not.

- ``console``: lines after ``$ `` run in order, all pages' blocks in one folder a page; they must succeed, and what is
  printed below them must appear in their output (``...`` stands for anything). ``console {.fails}`` must fail.
- ``yaml``, ``csv`` or ``json`` with a ``title="name"`` are written to that file first; without one they must parse.
- ``python`` runs, one namespace a page. ``text`` is only shown.
- ``{.slow}`` keeps a block for the full test run; ``{reason="..."}`` keeps it from running at all, and readers see why.
"""

import configparser
import contextlib
import csv
import importlib.util
import io
import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from evenload.base import errors
from evenload.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md")] + sorted(
    page
    for page in (ROOT / "docs").rglob("*.md")
    if page.parent.name != "decisions" and page.name not in {"changelog.md", "requirements.md"}
)
RUN_BY_OTHER_TESTS = ("python3 run.py ",)
NOT_OURS_TO_RUN = ("git clone ", "cd evenload", "sudo apt-get ", "apt-get ")

FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,}|~{3,}) *(?P<info>.*?) *$")
INFO = re.compile(r'^(?P<language>\w+)?(?: +title="(?P<title>[^"]+)")?(?: *\{(?P<braces>[^}]*)\})?$')


@dataclass(frozen=True)
class Block:
    """One fenced block: where it stands, its language, its marks and its text."""

    place: str
    language: str
    text: str
    title: str = ""
    reason: str = ""
    marks: frozenset[str] = frozenset()


def blocks_of(page: Path) -> list[Block]:
    """Fenced blocks of a page in order; an unfinished one or an unreadable first line is an error."""
    found: list[Block] = []
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        if opened := FENCE.match(line):
            place = f"{page.name}:{number}"
            body: list[str] = []
            for _, inner in lines:
                if inner.strip() == opened["ticks"]:
                    break
                body.append(inner)
            else:
                pytest.fail(f"{place}: the block is never closed")
            found.append(block_of(place, opened["info"], textwrap.dedent("\n".join(body)) + "\n"))
    return found


def block_of(place: str, info: str, text: str) -> Block:
    """Read the first line of a block; bare words such as ``console fails`` would not render, so they are refused."""
    read = INFO.match(info)
    if read is None:
        pytest.fail(f'{place}: write ```{info!r} as ```language title="name" {{.fails .slow reason="why"}}')
    braces = shlex.split(read["braces"] or "")
    classes = [word[1:] for word in braces if word.startswith(".")]
    keys = dict(word.split("=", 1) for word in braces if "=" in word)
    language = read["language"] or (classes.pop(0) if classes else "")
    title = read["title"] or keys.get("title", "")
    return Block(place, language, text, title, keys.get("reason", ""), frozenset(classes))


@dataclass
class Reader:
    """Somebody who follows a page from top to bottom in an empty folder."""

    folder: Path
    names: dict[str, Any]

    def follow(self, block: Block) -> None:
        """Do what a block asks."""
        assert block.marks <= {"fails", "slow"}, f"{block.place}: unknown marks {set(block.marks)}"
        if block.reason:
            return
        known = {"console": self.run, "python": self.execute, "text": self.look}
        act = known.get(block.language, self.write)
        act(block)

    def look(self, block: Block) -> None:
        """Only shown."""

    def execute(self, block: Block) -> None:
        """Run Python in the page's namespace."""
        exec(compile(block.text, block.place, "exec"), self.names)  # noqa: S102 - the page's own code

    def write(self, block: Block) -> None:
        """Check that data is well formed, and write it where it has a file name."""
        match block.language:
            case "yaml":
                yaml.safe_load(block.text)
            case "json":
                json.loads(block.text)
            case "toml":
                tomllib.loads(block.text)
            case "ini":
                configparser.ConfigParser(strict=False, interpolation=None).read_string(block.text)
            case "csv":
                widths = {len(row) for row in csv.reader(io.StringIO(block.text))}
                assert len(widths) == 1, f"{block.place}: rows of different lengths"
            case other:
                pytest.fail(f"{block.place}: a block of language {other!r} needs a reason not to run")
        if block.title:
            (self.folder / block.title).write_text(block.text, encoding="utf-8")

    def run(self, block: Block) -> None:
        """Run each command and compare what it printed with what the page shows."""
        commands = list(commands_of(block.text))
        assert commands, f"{block.place}: a console block needs a line that starts with '$ '"
        for command, shown in commands:
            if command.startswith((*RUN_BY_OTHER_TESTS, *NOT_OURS_TO_RUN)):
                continue
            code, output = outcome_of(command)
            wanted = "fails" in block.marks
            assert (code != 0) == wanted, f"{block.place}: `{command}` ended with {code}:\n{output}"
            missing = first_missing(shown, output)
            assert missing is None, f"{block.place}: `{command}` did not print {missing!r} but:\n{output}"


def commands_of(text: str) -> Iterator[tuple[str, list[str]]]:
    r"""Commands of a console block with the lines shown below each; ``\`` at the end continues a command."""
    joined = re.sub(r"\\\n(?:> ?)?\s*", "", text)
    for part in re.split(r"^\$ ", joined, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield command, [line for line in shown if line.strip()]


def outcome_of(command: str) -> tuple[int, str]:
    """Exit code and output of a command: in this process where it is evenload alone, otherwise by a shell."""
    words = shlex.split(command, comments=True)
    if words[0] == "evenload" and not re.search(r"[|&;<>$*]", command):
        written = io.StringIO()
        with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
            code = main(words[1:])
        return code, written.getvalue()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def first_missing(shown: list[str], output: str) -> str | None:
    """The first shown line that does not follow in the output, spacing aside; ``...`` stands for anything."""
    rest = iter([" ".join(line.split()) for line in output.splitlines()])
    for line in shown:
        pattern = re.escape(" ".join(line.split())).replace(re.escape("..."), ".*")
        if not any(re.fullmatch(pattern, printed) for printed in rest):
            return line
    return None


def follow_all(page: Path, slow: bool = True) -> Reader:
    """Follow a page in the current folder, with or without its slow blocks."""
    reader = Reader(Path.cwd(), {"__name__": "page"})
    for block in blocks_of(page):
        if slow or "slow" not in block.marks:
            reader.follow(block)
    return reader


def pages_to_follow() -> Iterator[Any]:
    for page in PAGES:
        name = page.relative_to(ROOT).as_posix()
        blocks = blocks_of(page) if page.exists() else []
        if any("slow" not in block.marks for block in blocks):
            yield pytest.param(page, False, id=name)
        if any("slow" in block.marks for block in blocks):
            yield pytest.param(page, True, id=f"{name}-whole", marks=pytest.mark.slow)


@pytest.mark.parametrize(("page", "whole"), list(pages_to_follow()))
def test_a_reader_who_follows_the_page_gets_what_it_shows(
    page: Path, whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    follow_all(page, slow=whole)


def test_every_run_py_command_shown_exists() -> None:
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    assert spec is not None
    assert spec.loader is not None
    run = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run)
    for page in PAGES:
        for name in re.findall(r"python3 run\.py (\w+)", page.read_text(encoding="utf-8")):
            assert name in run.COMMANDS, f"{page.name} shows `python3 run.py {name}`"


def test_the_error_tree_of_the_reference_is_the_one_in_the_code() -> None:
    drawn = [block for block in blocks_of(ROOT / "docs" / "reference" / "errors.md") if block.language == "text"]
    assert textwrap.indent(drawn[0].text, "    ") in (errors.__doc__ or "")


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("```console\n$ evenload --no-such-option\n```", "ended with 2"),
        ("```console {.fails}\n$ evenload --version\n```", "ended with 0"),
        ("```console\n$ evenload --version\nevenload 99.0\n```", "did not print 'evenload 99.0'"),
        ("```console\n$ printf 'b\\na\\n'\na\nb\n```", "did not print 'b'"),
        ("```console\n$ false | cat\n```", "ended with 1"),
        ("```console fails\n$ false\n```", "write ```'console fails' as"),
        ("```console\nevenload --version\n```", "needs a line that starts with"),
        ("```console {.quick}\n$ true\n```", "unknown marks {'quick'}"),
        ("```python\nassert False, 'wrong'\n```", "wrong"),
        ("```yaml\na: [1\n```", "expected ',' or ']'"),
        ("```csv\na,b\n1\n```", "rows of different lengths"),
        ("```json\n{'a': 1}\n```", "Expecting property name"),
        ("```bash\ntrue\n```", "language 'bash' needs a reason"),
        ("```\ntrue\n```", "language '' needs a reason"),
        ("```text\nnever closed", "the block is never closed"),
    ],
)
def test_a_page_that_is_wrong_is_noticed(
    page: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    refusals = (AssertionError, pytest.fail.Exception, yaml.YAMLError, json.JSONDecodeError)
    with pytest.raises(refusals, match=re.escape(fault)):
        follow_all(tmp_path / "page.md")


RIGHT = """
```yaml title="a.yaml"
key: 1
```

- in a list

    ```console
    $ cat a.yaml \\
        && echo done in 3 s
    key: 1
    done in ... s
    ```

```console {.fails}
$ evenload schema stduy
evenload: there is no schema 'stduy'. Did you mean 'study'?...
```

```console {reason="needs a charger"}
$ false
```

```python
x = 1
```

```python
assert x == 1
```
"""


def test_a_page_that_is_right_is_followed_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.md").write_text(RIGHT, encoding="utf-8")
    assert follow_all(tmp_path / "page.md").names["x"] == 1
