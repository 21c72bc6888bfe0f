"""A critic's quote must be the draft's own words."""

import re
from difflib import SequenceMatcher
from typing import Final

ENOUGH: Final = 0.6
"""Similarity (Ratcliff/Obershelp) from which a span is taken for what the critic meant."""
_SAME: Final = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " "})
_SPAN: Final = re.compile(r"[^\n.!?。！？؟]+[.!?。！？؟]*[\"”’')\]]*")


def span(quote: str, text: str) -> str:
    """The span of `text` that `quote` is, or else the sentence nearest to it; empty when there is none."""
    wanted = quote.strip().strip('"“”«»…').strip()
    if not wanted:
        return ""
    if wanted in text:
        return wanted
    loose = r"\s+".join(re.escape(word) for word in wanted.translate(_SAME).split())
    if found := re.search(loose, text.translate(_SAME), re.IGNORECASE):
        return text[found.start() : found.end()]
    return _nearest(wanted, text)


def _nearest(wanted: str, text: str) -> str:
    best, similarity = "", ENOUGH
    matcher = SequenceMatcher(autojunk=False, b=wanted.casefold())
    for found in _SPAN.finditer(text):
        sentence = found.group().strip()
        matcher.set_seq1(sentence.casefold())
        if matcher.real_quick_ratio() > similarity and matcher.quick_ratio() > similarity:
            ratio = matcher.ratio()
            if ratio > similarity:
                best, similarity = sentence, ratio
    return best
