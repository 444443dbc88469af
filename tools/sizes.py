"""How long files and functions of the source are, and whether any is too long or has a name that says nothing."""

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
EMPTY_NAMES = ("util", "utils", "helper", "helpers", "manager", "managers", "misc", "common")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the sizes below a source folder (src by default); exit 1 where a ceiling is broken."""
    given = sys.argv[1:] if arguments is None else arguments
    source = Path(given[0]) if given else ROOT / "src"
    files = {path: path.read_text(encoding="utf-8") for path in sorted(source.rglob("*.py"))}
    file_lines = [len(text.splitlines()) for text in files.values()]
    function_lines: list[int] = []
    faults = [fault for path in files for fault in _name_faults(path.relative_to(source))]
    for path, text in files.items():
        where = path.relative_to(source).as_posix()
        if len(text.splitlines()) > FILE_LINES_MAX:
            faults.append(f"{where} has {len(text.splitlines())} lines; {FILE_LINES_MAX} at the most")
        for name, line, length in functions_of(ast.parse(text)):
            function_lines.append(length)
            if length > FUNCTION_LINES_MAX:
                faults.append(f"{where}:{line} {name} has {length} lines; {FUNCTION_LINES_MAX} at the most")
    print(f"files      {summary_of(file_lines)}")
    print(f"functions  {summary_of(function_lines)}")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def summary_of(lengths: Sequence[int]) -> str:
    """Count, median, 95th percentile (nearest rank) and maximum in one line."""
    if not lengths:
        return "none"
    ordered = sorted(lengths)
    p95 = ordered[-(-len(ordered) * 95 // 100) - 1]
    return (
        f"{len(ordered):5d}   median {ordered[(len(ordered) - 1) // 2]:3d}   p95 {p95:3d}   max {ordered[-1]:3d} lines"
    )


def functions_of(tree: ast.AST) -> Iterator[tuple[str, int, int]]:
    """Name, first line and length of every function, its docstring not counted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, _span(node) - (_span(node.body[0]) if ast.get_docstring(node) else 0)


def _span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _name_faults(path: Path) -> list[str]:
    words = [word for part in path.with_suffix("").parts for word in part.strip("_").split("_")]
    return [f"{path.as_posix()}: {word!r} is a name that says nothing" for word in words if word in EMPTY_NAMES]


if __name__ == "__main__":
    sys.exit(main())
