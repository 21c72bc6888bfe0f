"""Where sentences end, in scripts with and without spaces."""

from typing import Final

import regex

from agents.offline.lexicon import ABBREVIATIONS

TERMINAL: Final = ".!?…。！？؟۔।॥"
_END: Final = regex.compile(r"(?:[.!?…]+(?P<close>[\"”’»')\]]*)(?=\s)|[。！？۔؟।॥]+[\"”’»」』)\]]*)")
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
    found, start = [], 0
    for match in _END.finditer(text):
        if _ends(text, match):
            found.append(text[start : match.end()].strip())
            start = match.end()
    found.append(text[start:].strip())
    return _whole_quotations([sentence for sentence in found if sentence])


def joined(parts: list[str]) -> str:
    """Sentences in a row; those of scripts without spaces follow each other directly."""
    text = ""
    for part in parts:
        text += part if not text or _NO_SPACES.match(text[-1]) else f" {part}"
    return text


def ended(sentence: str) -> bool:
    return sentence.rstrip("\"”’»」』')]").endswith(tuple(TERMINAL))


def _ends(text: str, match: regex.Match[str]) -> bool:
    rest = text[match.end() :].lstrip()
    if not rest or not match.group().startswith("."):
        # A question inside a quotation goes on: "Why?" asks Ann.
        return not (rest[:1].islower() and match.group("close"))
    if rest[0].islower():
        return False
    before = _WORD_BEFORE.search(text, max(0, match.start() - 24), match.start())
    word = before.group("word").casefold() if before else ""
    if word.isdigit() and len(word) <= 2 and rest.casefold().startswith(_MONTHS):
        return False
    initial = len(word) == 1 and word.isalpha() and word != "i"
    return not (initial or word in ABBREVIATIONS)


def _whole_quotations(parts: list[str]) -> list[str]:
    found: list[str] = []
    for part in parts:
        if found and _open(found[-1]) and len(found[-1]) < 400:
            found[-1] = f"{found[-1]} {part}"
        else:
            found.append(part)
    return found


def _open(text: str) -> bool:
    return text.count('"') % 2 == 1 or any(text.count(left) > text.count(right) for left, right in _PAIRS)


def balanced(text: str) -> bool:
    """No quotation and no bracket is left open or closed without a beginning."""
    return not _open(text) and text.count("(") == text.count(")")
