"""Where sentences end, in scripts with and without spaces."""

from typing import Final

import regex

from agents.offline.lexicon import ABBREVIATIONS, NUMBERED

TERMINAL: Final = ".!?…。！？؟۔।॥"
QUOTATION: Final = 400
"""Characters from which a quotation that has not ended is taken for one that nobody closed."""
_AHEAD: Final = 80
"""Characters after a mark that tell whether a sentence ends there."""
_END: Final = regex.compile(
    r"(?:(?<![.!?…])[.!?…]++(?P<close>[\"”’»')\]]*+)(?=\s)|[。！？۔؟।॥]+[\"”’»」』)\]]*)"
)
_WORD_BEFORE: Final = regex.compile(r"(?P<word>[\p{L}\p{N}.]+)$")
_MONTHS: Final = (
    "januar",
    "februar",
    "märz",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
)
"""German and Scandinavian dates write "14. März"."""
_BLANKS: Final = regex.compile(r"\s+")
_NO_SPACES: Final = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}。！？、]")
_PAIRS: Final = (("“", "”"), ("«", "»"), ("„", "“"), ("(", ")"), ("「", "」"))


def sentences(paragraph: str) -> list[str]:
    """The paragraph's sentences, its line breaks gone; a quotation of several sentences stays in one piece."""
    text = _BLANKS.sub(" ", paragraph).strip()
    return [text[start:end] for start, end in spans(text)]


def spans(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a paragraph begin and end in it, without the blanks around them."""
    found: list[tuple[int, int]] = []
    start = 0
    for end in (*(match.end() for match in _END.finditer(text) if _ends(text, match)), len(text)):
        piece = text[start:end]
        first = start + len(piece) - len(piece.lstrip())
        last = start + len(piece.rstrip())
        start = end
        if first >= last:
            continue
        if found and found[-1][1] - found[-1][0] < QUOTATION and _open(text[slice(*found[-1])]):
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def joined(parts: list[str]) -> str:
    """Sentences in a row; those of scripts without spaces follow each other directly."""
    text = ""
    for part in parts:
        text += part if not text or _NO_SPACES.match(text[-1]) else f" {part}"
    return text


def ended(sentence: str) -> bool:
    return sentence.rstrip("\"”’»」』')]").endswith(tuple(TERMINAL))


def _ends(text: str, match: regex.Match[str]) -> bool:
    rest = text[match.end() : match.end() + _AHEAD].lstrip()
    if not rest or not match.group().startswith("."):
        # A question inside a quotation goes on: "Why?" asks Ann.
        return not (rest[:1].islower() and match.group("close"))
    if rest[0].islower():
        return False
    before = _WORD_BEFORE.search(text, max(0, match.start() - 24), match.start())
    word = before.group("word").casefold() if before else ""
    if word.isdigit() and len(word) <= 2 and rest.casefold().startswith(_MONTHS):
        return False
    if word in NUMBERED and rest[0].isdigit():
        return False
    initial = len(word) == 1 and word.isalpha() and word != "i"
    return not (initial or word in ABBREVIATIONS)


def _open(text: str) -> bool:
    return text.count('"') % 2 == 1 or any(text.count(left) > text.count(right) for left, right in _PAIRS)


def balanced(text: str) -> bool:
    """No quotation and no bracket is left open or closed without a beginning."""
    return not _open(text) and text.count("(") == text.count(")")
