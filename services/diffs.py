"""What changed between two drafts, word by word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

Op = Literal["equal", "delete", "insert"]

MOST_PIECES: Final = 12_000
"""About 6,000 words; comparing takes a second or more beyond it, growing with the square."""
_WORDS: Final = re.compile(r"\s+|\w+|[^\w\s]")
_LINES: Final = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Change:
    """The texts of `equal` and `insert` together are the new text, those of `equal` and `delete` the old one."""

    op: Op
    text: str


def words(before: str, after: str) -> list[Change]:
    """Very long texts are compared by lines, or not at all. Still nothing for the event loop."""
    for piece in (_WORDS, _LINES):
        old, new = piece.findall(before), piece.findall(after)
        if max(len(old), len(new)) <= MOST_PIECES:
            opcodes = SequenceMatcher(None, old, new).get_opcodes()
            return [change for opcode in opcodes for change in _changes(opcode, old, new)]
    return [*_changes(("replace", 0, 1, 0, 1), [before], [after])]


def _changes(opcode: tuple[str, int, int, int, int], old: list[str], new: list[str]) -> Iterator[Change]:
    op, a, b, c, d = opcode
    if op == "equal":
        yield Change("equal", "".join(old[a:b]))
        return
    if b > a:
        yield Change("delete", "".join(old[a:b]))
    if d > c:
        yield Change("insert", "".join(new[c:d]))
