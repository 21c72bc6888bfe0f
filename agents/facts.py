"""What counts as a fact of a text: its numbers and its names, and whole sentences where neither can be told."""

from dataclasses import dataclass
from typing import Final

import regex

_NUMBER: Final = regex.compile(r"\d+(?:[.,:]\d+)*")
_NAME: Final = regex.compile(
    # A word with a capital that does not begin a sentence, and the capitalised words that follow it.
    r"(?<=[\p{Ll},;:)—–] )(?!I\b|I['’])\p{Lu}[\p{L}\p{N}'’-]*(?: \p{Lu}[\p{L}\p{N}'’-]*)*"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """`numbers` as they are written; `names` are runs of capitalised words, months among them."""

    numbers: frozenset[str]
    names: frozenset[str]

    def __len__(self) -> int:
        return len(self.numbers) + len(self.names)


def facts(text: str) -> Facts:
    names = (name.removesuffix("'s").removesuffix("’s").rstrip("'’-") for name in _NAME.findall(text))
    return Facts(frozenset(_NUMBER.findall(text)), frozenset(name for name in names if len(name) > 1))


def carried(draft: str, source: Facts) -> Facts:
    """Those facts of the source that the draft carries."""
    numbers = frozenset(_NUMBER.findall(draft)) & source.numbers
    return Facts(numbers, frozenset(name for name in source.names if name in draft))


def digits_of(source: str) -> frozenset[str]:
    """Its numbers, as `foreign_numbers` compares them: a long source is looked through once."""
    return frozenset(map(_digits, _NUMBER.findall(source)))


def foreign_numbers(text: str, known: frozenset[str]) -> tuple[str, ...]:
    """Numbers that the text states and are not among the `digits_of` its source, in order."""
    return tuple(number for number in _NUMBER.findall(text) if _digits(number) not in known)


def _digits(number: str) -> str:
    """1,148 and 1.148 and 1148 are one number."""
    return regex.sub(r"[.,:]", "", number)
