"""Claims of a draft that nothing in its source supports: counted and compared, not understood."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import regex

from agents.base import Brief, JudgeRequest, Remark
from agents.facts import digits_of, facts, foreign_numbers
from agents.metadata import words
from agents.provenance import statements

MOST: Final = 12
"""Remarks; who invents more than that is not helped by a longer list."""
CLAIM_WORDS: Final = 6
"""What is shorter states little: "Here is how.\""""
NAMES_AT_MOST: Final = 0.15
"""Of a text's words. Where more have a capital, as German nouns do, capitals do not tell names."""
_ADDRESS: Final = regex.compile(r"(?i)\b(?:you|your|yours|let['’]s)\b")
UNSUPPORTED: Final = "Nothing in the source says this: remove it, or say what the source says."


def unsupported(request: JudgeRequest, judged: Iterable[Remark] = ()) -> tuple[Remark, ...]:
    """What the judge found and what can be counted, each quote once. What the brief and the reviewer say needs no
    support."""
    found: dict[str, Remark] = {}
    for remark in (*judged, *_remarks(request)):
        if remark.quote:
            found.setdefault(remark.quote, remark)
    return tuple(islice(found.values(), MOST))


def _remarks(request: JudgeRequest) -> Iterator[Remark]:
    text = request.content.content
    known = _known(request.brief, request.feedback)
    folded, digits = known.casefold(), digits_of(known)
    capitals = len(facts(text).names) <= NAMES_AT_MOST * len(words(text))
    grounded = {ground.quote for ground in request.grounds}
    for start, end in statements(text):
        quote = text[start:end]
        numbers = [number for number in foreign_numbers(quote, digits) if len(number) > 1]
        names = [name for name in _names(quote) if name.casefold() not in folded] if capitals else []
        if strange := [*numbers, *names]:
            yield Remark(
                quote=quote, instruction=f"Remove {' and '.join(strange)}: nothing in the source says this."
            )
        elif quote not in grounded and _claims(quote):
            yield Remark(quote=quote, instruction=UNSUPPORTED)


def _known(brief: Brief, feedback: str | None) -> str:
    said = (brief.source.text, brief.source.title, brief.template, feedback, brief.audience, *brief.keywords)
    return "\n".join(text for text in said if text)


def _names(quote: str) -> list[str]:
    """Words of one kind of letter, CEO for instance, are terms."""
    return sorted(
        word for name in facts(quote).names for word in name.split() if len(word) > 2 and not word.isupper()
    )


def _claims(quote: str) -> bool:
    """It states something: neither a question nor a word to the reader."""
    asks = quote.rstrip('"”’»)').endswith(("?", "？", "؟", ":", "："))
    return not asks and len(words(quote)) >= CLAIM_WORDS and not _ADDRESS.search(quote)
