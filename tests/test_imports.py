"""Which way imports point: values, rules, I/O, the client, the public names, the command line; never back."""

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import cdek_async

PACKAGE = Path(cdek_async.__file__).parent
LAYERS: list[set[str]] = [
    {"_version", "_models", "_scalars", "_orders_parts", "_checks", "_orders"},
    {
        "_errors",
        "_document",
        "_wire",
        "_operations",
        "_outcome",
        "_accept",
        "_learning",
        "_schedule",
        "_progress",
        "_watch",
        "_differences",
        "_guard",
    },
    {
        "_alarm",
        "_cuts",
        "_deadline",
        "_retrying",
        "_over_aiohttp",
        "_endpoint",
        "_engine",
        "_job",
        "_journal",
        "_writer",
        "_outage",
        "_pacing",
        "_bulk",
        "_exchange",
        "_over_httpx",
        "_over_pyreqwest",
        "_transport",
        "_http",
        "_auth",
        "_polling",
        "_submit",
        "_turns",
    },
    {"_client"},
    {"_public"},
    {""},
    {"sandbox"},
    {"cli"},
    {"__main__"},
]
AT_HOME: dict[str, set[str]] = {
    "httpx": {"_over_httpx", "_over_aiohttp", "_endpoint", "_client", "sandbox"},
    "aiohttp": {"_over_aiohttp"},
    "yarl": {"_over_aiohttp"},  # aiohttp's URLs
    "pyreqwest": {"_over_pyreqwest"},
    "tenacity": {"_http", "_polling", "_retrying"},
    "cattrs": {"_wire"},
    "attrs": set().union(*LAYERS),
    "cyclopts": {"cli"},
    "rich": {"cli"},
    "uvicorn": {"sandbox"},
}


def name_of(path: Path) -> str:
    """The dotted name within the package; "" is the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {name_of(path): ast.parse(path.read_bytes()) for path in sorted(PACKAGE.rglob("*.py"))}


def imports(name: str) -> set[str]:
    """Everything that a module imports, anywhere in it, `TYPE_CHECKING` and functions included."""
    found = set()
    for node in ast.walk(MODULES[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def inner(name: str) -> set[str]:
    """The package's modules among a module's imports: an imported name is its module's."""
    found = set()
    for each in imports(name):
        if each.split(".")[0] == "cdek_async":
            parts = each.split(".")[1:]
            if ".".join(parts) not in MODULES:
                parts.pop()
            found.add(".".join(parts))
    return found


def layer(name: str) -> int:
    """How far out a module lies; a package lies there whole."""
    return next(index for index, names in enumerate(LAYERS) if name.split(".", maxsplit=1)[0] in names)


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_one_way(name: str) -> None:
    """Nothing imports from a layer further out."""
    assert [each for each in inner(name) if layer(each) > layer(name)] == []


def test_no_module_imports_itself_by_a_detour() -> None:
    """There is no cycle, not even one that only a type checker would walk."""
    # `from cdek_async import _wire` runs the package first, but needs nothing of it
    assert list(TopologicalSorter({name: inner(name) for name in MODULES}).static_order())


@pytest.mark.parametrize("name", MODULES)
def test_each_library_has_its_place(name: str) -> None:
    """A library is known to few modules, so that it can be exchanged there; no other is used at all."""
    foreign = {each.split(".")[0] for each in imports(name)} - sys.stdlib_module_names - {"cdek_async"}
    assert [each for each in foreign if name.split(".", maxsplit=1)[0] not in AT_HOME.get(each, ())] == []


@pytest.mark.parametrize("name", [name for name in MODULES if name.split(".")[0] == "sandbox"])
def test_the_sandbox_shares_nothing_with_what_it_tests(name: str) -> None:
    """The sandbox reads and writes CDEK's JSON by itself: the two cannot be wrong together."""
    assert [each for each in inner(name) if each.split(".")[0] not in ("sandbox", "_version")] == []


@pytest.mark.parametrize("name", MODULES)
def test_each_module_says_first_what_lives_in_it(name: str) -> None:
    """A module's first line is a docstring of one sentence."""
    docstring = ast.get_docstring(MODULES[name])
    assert docstring
    assert MODULES[name].body[0].lineno == 1
    assert len(docstring.splitlines()[0]) > 10
