from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Load = Callable[[str], ModuleType]

LAYERS = """
[[tool.importlinter.contracts]]
type = "layers"
exhaustive = {exhaustive}
layers = ["cli | testing", "simulate", "base"]
"""


def project_with_rooms(root: Path, *rooms: str, exhaustive: str = "true") -> None:
    (root / "pyproject.toml").write_text(LAYERS.format(exhaustive=exhaustive), encoding="utf-8")
    for room in rooms:
        folder = root / "src" / "evenload" / room
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()


@pytest.mark.parametrize(
    ("rooms", "exhaustive", "fault"),
    [
        (("base", "cli", "simulate", "testing"), "true", ""),
        (("base", "cli", "simulate", "testing", "web"), "true", "src/evenload/web is in no layer of pyproject.toml"),
        (("base", "cli", "testing"), "true", "the layer simulate of pyproject.toml is not in src/evenload"),
        (("base", "cli", "simulate", "testing"), "false", "the layers contract is not exhaustive"),
    ],
)
def test_every_room_has_a_layer_and_every_layer_a_room(
    load_tool: Load,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rooms: tuple[str, ...],
    exhaustive: str,
    fault: str,
) -> None:
    check = load_tool("check")
    monkeypatch.setattr(check, "ROOT", tmp_path)
    project_with_rooms(tmp_path, *rooms, exhaustive=exhaustive)
    assert check.rooms() == check.Outcome(not fault, fault)


def host(*parts: str) -> str:
    """A name put together here, so that the check does not find it in this file."""
    return "".join(parts)


@pytest.mark.parametrize(
    "text",
    [
        host("https://py", "pi.org/simple"),
        host("https://files.python", "hosted.org/packages/x.whl"),
        host("registry.npm", "js.org"),
        host("pip install --index", "-url https://mirror"),
        host("cd /wo", "rk/main"),
        host("/ro", "ot/.cache"),
        host("/ho", "me/ann/evenload"),
    ],
)
def test_texts_that_must_not_be_published_are_found_with_their_line(load_tool: Load, tmp_path: Path, text: str) -> None:
    (tmp_path / "page.md").write_text(f"fine\nsee {text} there\n", encoding="utf-8")
    found = load_tool("check").unwanted_in(tmp_path / "page.md")
    assert len(found) == 1
    assert "page.md:2 names a " in found[0]


@pytest.mark.parametrize(
    "text", ["home/work/public", "network/workplace", "https://example.org/a", "../shared/data", "PyPI", "/dev/null"]
)
def test_ordinary_texts_are_not_mistaken(load_tool: Load, tmp_path: Path, text: str) -> None:
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    assert load_tool("check").unwanted_in(tmp_path / "page.md") == []


def test_outside_a_repository_every_file_counts_but_hidden_ones(
    load_tool: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = load_tool("check")
    monkeypatch.setattr(check, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("page.md", "src/plan.py", ".venv/lib.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(host("/wo", "rk/here"), encoding="utf-8")
    assert [path.name for path in check.project_files()] == ["page.md", "plan.py"]
    assert len(check.texts().output.splitlines()) == 2


def test_a_binary_file_has_no_lines_to_search(load_tool: Load, tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(b"\xff\xfe" + host("/wo", "rk/").encode())
    assert load_tool("check").unwanted_in(tmp_path / "data.bin") == []


@pytest.mark.parametrize(
    ("html", "fetches"),
    [
        ('<script src="https://cdn.example/x.js"></script>', True),
        ('<script defer src="//cdn.example/x.js"></script>', True),
        ('<img alt="a" src=http://example.org/a.png>', True),
        ('<link rel="stylesheet" href="https://fonts.example/css">', True),
        ('<link href="https://fonts.example" rel="preconnect">', True),
        ("<style>@import 'https://fonts.example/css';</style>", True),
        ("<style>a { background: url(https://example.org/a.png) }</style>", True),
        ('<a href="https://example.org">a plain link</a>', False),
        ('<link rel="next" href="other.html"><script src="assets/x.js"></script>', False),
        ('<link rel="canonical" href="https://example.org/">', False),
    ],
)
def test_pages_that_fetch_from_elsewhere_are_found(load_tool: Load, tmp_path: Path, html: str, fetches: bool) -> None:
    (tmp_path / "index.html").write_text(html, encoding="utf-8")
    assert bool(load_tool("check").outside_assets(tmp_path)) == fetches


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("# Home", ""),
        ("# Home\n[gone](gone.md)", "contains a link 'gone.md'"),
        ('# Home\n<img src="https://example.org/a.png">', 'index.html fetches <img src="https://example.org/a.png'),
    ],
)
def test_a_site_with_a_broken_link_or_a_foreign_image_fails(
    load_tool: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, fault: str
) -> None:
    check = load_tool("check")
    monkeypatch.setattr(check, "ROOT", tmp_path)
    (tmp_path / "mkdocs.yml").write_text("site_name: small\ntheme: {name: material, font: false}\n", encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(page, encoding="utf-8")
    outcome = check.site()
    assert outcome.passed == (not fault)
    assert fault in outcome.output


def test_one_line_a_check_and_exit_1_with_the_output_of_the_one_that_failed(
    load_tool: Load, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check = load_tool("check")
    outcomes = {"good": check.Outcome(True, "not shown"), "bad": check.Outcome(False, "line 7 is wrong")}
    monkeypatch.setattr(check, "CHECKS", {name: lambda outcome=outcome: outcome for name, outcome in outcomes.items()})
    assert check.main([]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in printed[:2]] == [["ok", "good"], ["FAILED", "bad"]]
    assert printed[2].strip() == "line 7 is wrong"
    assert printed[3].startswith("1 of 2 checks passed in ")
    assert check.main(["--only", "good"]) == 0


def test_an_unknown_check_is_refused_with_the_names_there_are(
    load_tool: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        load_tool("check").main(["--only", "lnit"])
    assert stopped.value.code == 2
    assert "lint" in capsys.readouterr().err
