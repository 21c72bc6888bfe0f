"""What changed between two drafts, word by word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

Op = Literal["equal", "delete", "insert"]

_WORDS: Final = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Change:
    """The texts of `equal` and `insert` together are the new text, those of `equal` and `delete` the old one."""

    op: Op
    text: str


def words(before: str, after: str) -> list[Change]:
    """Takes time with long texts: not for the event loop. Very frequent words of long texts are no anchors, which
    keeps it from being quadratic."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    return [
        change
        for opcode in SequenceMatcher(None, old, new).get_opcodes()
        for change in _changes(opcode, old, new)
    ]


def _changes(opcode: tuple[str, int, int, int, int], old: list[str], new: list[str]) -> Iterator[Change]:
    op, a, b, c, d = opcode
    if op == "equal":
        yield Change("equal", "".join(old[a:b]))
        return
    if b > a:
        yield Change("delete", "".join(old[a:b]))
    if d > c:
        yield Change("insert", "".join(new[c:d]))
