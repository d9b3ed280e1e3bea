"""The numbers that the code holds itself to; run with -s to see the report."""

import ast
import statistics
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "bluecarbon"
FILES = sorted(PACKAGE.rglob("*.py"))

FUNCTION_LINES_MAX = 60
FUNCTION_LINES_P95 = 40
FUNCTION_LINES_MEDIAN = 10
FILE_LINES_MAX = 600
FILE_LINES_MEDIAN = 250
PARAMETERS_MAX = 7


def functions(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def body_lines(function):
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    return 0 if not body else body[-1].end_lineno - body[0].lineno + 1


def is_public(name):
    return not name.startswith("_")


def public_functions_without_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    owners = [tree] + [n for n in tree.body if isinstance(n, ast.ClassDef) and is_public(n.name)]
    return [
        f"{path.name}:{node.lineno} {node.name}"
        for owner in owners
        for node in owner.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and is_public(node.name)
        and ast.get_docstring(node) is None
    ]


def test_functions_are_short():
    sizes = {
        f"{path.relative_to(PACKAGE)}:{f.lineno} {f.name}": body_lines(f)
        for path in FILES
        for f in functions(path)
    }
    ordered = sorted(sizes.values())
    median, p95 = statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))]
    longest = max(sizes, key=sizes.__getitem__)
    print(f"\n{len(ordered)} functions: median {median}, 95th percentile {p95}, longest {longest}")
    assert max(ordered) <= FUNCTION_LINES_MAX, f"{longest} has {sizes[longest]} lines"
    assert p95 <= FUNCTION_LINES_P95
    assert median <= FUNCTION_LINES_MEDIAN


def test_files_have_one_subject():
    sizes = {
        str(path.relative_to(PACKAGE)): len(path.read_text(encoding="utf-8").splitlines())
        for path in FILES
    }
    median, longest = statistics.median(sizes.values()), max(sizes, key=sizes.__getitem__)
    print(f"\n{len(sizes)} files: median {median}, longest {longest} ({sizes[longest]})")
    assert sizes[longest] <= FILE_LINES_MAX, longest
    assert median <= FILE_LINES_MEDIAN


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_each_file(path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a module says what it is about"
    crowded = [
        f.name
        for f in functions(path)
        if len(f.args.posonlyargs + f.args.args + f.args.kwonlyargs) > PARAMETERS_MAX
    ]
    assert not crowded, f"more than {PARAMETERS_MAX} parameters: {crowded}"
    assert not public_functions_without_docstring(path)


def test_no_place_of_a_machine_stands_in_the_package():
    for path in FILES:
        assert str(Path.home()) not in path.read_text(encoding="utf-8"), path
