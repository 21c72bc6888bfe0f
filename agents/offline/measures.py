"""What can be measured of a draft, for the offline critic."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import regex

from agents.base import JudgeRequest
from agents.facts import Facts, carried, digits_of, facts, foreign_numbers
from agents.metadata import words
from agents.offline.reading import read
from agents.offline.sentences import sentences
from agents.signs import CODE

_HEADING: Final = regex.compile(r"(?m)^#{1,6} .*$")
_MARKER: Final = regex.compile(r"(?m)^\s*(?:[-*+•→]|\d+[.)]) +")
_HASHTAGS: Final = regex.compile(r"(?m)^\s*(?:#\w+\s*)+$|#(?=\w)")
_ESCAPE: Final = regex.compile(r"\\(?=[\\`*_<>\[\]#+.)~-])")


@dataclass(frozen=True)
class Draft:
    """A judged draft, taken apart."""

    request: JudgeRequest

    @property
    def text(self) -> str:
        return self.request.content.content.strip()

    @property
    def markdown(self) -> bool:
        return self.request.policy.title_max is not None

    @cached_property
    def paragraphs(self) -> list[str]:
        """Its prose; no headings, code, hashtags, and no marks before the entries of a list."""
        text = self.text
        if self.markdown:
            text = _ESCAPE.sub("", _HEADING.sub("", CODE.sub("", text)))
        text = _HASHTAGS.sub("", _MARKER.sub("", text))
        return [line.strip() for line in text.splitlines() if line.strip()]

    @cached_property
    def sentences(self) -> list[str]:
        return [sentence for paragraph in self.paragraphs for sentence in sentences(paragraph)]

    @cached_property
    def words(self) -> int:
        return len(words(" ".join(self.paragraphs)))

    @cached_property
    def source(self) -> str:
        article = read(self.request.brief)
        return f"{article.title or ''}\n{article.text}"

    @cached_property
    def source_facts(self) -> Facts:
        return facts(self.source)

    @cached_property
    def facts(self) -> Facts:
        return carried(self.text, self.source_facts)

    @cached_property
    def foreign(self) -> tuple[str, ...]:
        """Numbers that it states and the source does not."""
        brief = self.request.brief
        known = f"{brief.source.text} {brief.source.title or ''} {brief.template or ''} {' '.join(brief.keywords)}"
        return foreign_numbers(" ".join(self.paragraphs), digits_of(known))

    @cached_property
    def repeated(self) -> str:
        """A sentence that stands there more than once; empty when none does."""
        counts = Counter(sentence.casefold() for sentence in self.sentences if len(sentence) > 12)
        return next((one for one in self.sentences if counts[one.casefold()] > 1), "")

    @property
    def repetition(self) -> float:
        """The share of sentences that have been said before."""
        folded = [sentence.casefold() for sentence in self.sentences]
        return 1 - len(set(folded)) / len(folded) if folded else 0.0

    @property
    def opening(self) -> str:
        return self.sentences[0] if self.sentences else self.text[:120]

    @property
    def longest(self) -> str:
        return max(self.sentences, key=len, default=self.text[:120])

    @cached_property
    def best(self) -> str:
        """The sentence with the most facts, the first of equals."""
        return max(
            self.sentences, key=lambda one: len(carried(one, self.source_facts)), default=self.text[:120]
        )

    @cached_property
    def _entries(self) -> str:
        return "\n".join(_ESCAPE.sub("", line) for line in self.text.splitlines() if _MARKER.match(line))

    def listed(self, sentence: str) -> bool:
        """It is an entry of a list, or part of one."""
        return sentence in self._entries

    def lengths(self) -> list[int]:
        """Words of each sentence."""
        return [len(words(sentence)) for sentence in self.sentences]

    def found(self, pattern: regex.Pattern[str]) -> Iterator[str]:
        for paragraph in self.paragraphs:
            for match in pattern.finditer(paragraph):
                yield match.group()
