import subprocess
import sys
from pathlib import Path

from evenload.files.specs import SPECS

PROJECT = Path(__file__).resolve().parents[3]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    tool = PROJECT / "tools" / "files_reference.py"
    return subprocess.run([sys.executable, str(tool), *arguments], capture_output=True, text=True, check=False)


def test_a_stale_page_is_noticed_and_made_anew(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "reference" / "files.md"
    stale = run("--check", "--root", str(tmp_path))
    assert (stale.returncode, stale.stdout) == (1, "docs/reference/files.md is stale; run tools/files_reference.py\n")
    assert not page.exists()
    assert run("--root", str(tmp_path)).returncode == 0
    assert run("--check", "--root", str(tmp_path)).returncode == 0
    text = page.read_text(encoding="utf-8")
    for spec in SPECS:
        section = text.partition(f"\n## {spec.name}\n")[2].partition("\n## ")[0]
        for column in spec.columns:
            assert f"| {f'**{column.name}**' if column.required else column.name} |" in section
    assert "| power_kw_min | number | 0 to 1,000 kW | lowest power but 0 | 0 |" in text


def test_the_page_of_this_project_is_fresh() -> None:
    assert run("--check").returncode == 0
