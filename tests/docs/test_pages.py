"""What README.md and the pages of docs/ have people type is there, and their links lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

from cli.main import COMMANDS, load

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_TYPED = re.compile(r"(?<![\w=-])proofroom ([a-z][a-z-]+)(?![\w:.])(?: ([a-z-]+)(?![\w.=/]))?([^`|#&;\n]*)")
_FLAG = re.compile(r"(?<!\S)--[a-z-]+")
_CODE = re.compile(r"^ {4,}.*|^```bash\n(?:.*\n)*?```|`[^`\n]+`", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")


def test_what_is_to_be_typed_is_there() -> None:
    """In one test, since most commands load half of the service."""
    wrong = {page.name: found for page in PAGES if (found := [*_unknown(page.read_text())])}
    assert wrong == {}


def test_links_lead_somewhere() -> None:
    wrong = {page.name: found for page in PAGES if (found := [*_dead(page)])}
    assert wrong == {}


def _unknown(text: str) -> Iterator[str]:
    for code in _CODE.findall(text):
        for name, verb, rest in _TYPED.findall(code):
            if name not in COMMANDS:
                yield f"{name} {verb}"
                continue
            command = load(name)
            verbs = getattr(command, "commands", {})
            if verbs and verb:
                command = verbs.get(verb)
            known = {
                flag for each in getattr(command, "params", ()) for flag in (*each.opts, *each.secondary_opts)
            }
            if command is None or not {*_FLAG.findall(rest)} <= known | {"--help"}:
                yield f"{name} {verb}{rest}"


def _dead(page: Path) -> Iterator[str]:
    for path, anchor in _LINK.findall(page.read_text()):
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            yield f"{path}#{anchor}"


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
