"""The pages of docs/seeds name tests and files that are there, and everything that each schema has."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "seeds").glob("*.md"))
SOURCES = [
    path
    for folder in ("api", "bench", "cli", "core", "migrations", "models", "services", "tests", "worker")
    for path in (ROOT / folder).rglob("*.py")
]
_NAMED = re.compile(r"`(?P<file>[\w/]+\.py|…)(?:::(?P<test>\w+)|: (?P<name>\w+))?`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page: Path) -> None:
    missing = list(_missing(page.read_text()))
    assert missing == []


def _missing(text: str) -> Iterator[str]:
    """`file.py::test`, `file.py: name` and `file.py`; `…::test` is of the file named before."""
    last: list[Path] = []
    for found in _NAMED.finditer(text):
        if found["file"] != "…":
            last = [path for path in SOURCES if path.as_posix().endswith(f"/{found['file']}")]
        wanted = found["test"] or found["name"]
        if not last or (wanted and not any(_has(path, wanted) for path in last)):
            yield found[0]


def _has(path: Path, name: str) -> bool:
    return (
        re.search(rf"^(?:(?:async )?def|class) {name}\b|^{name}\b", path.read_text(), re.MULTILINE)
        is not None
    )
