"""What a draft is made of: the article, its sentences with their scores, and how to pick among them."""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import regex

from agents.base import Brief, WriteRequest
from agents.facts import Facts, facts
from agents.metadata import words
from agents.offline.ranking import Sentence, ranked
from agents.offline.reading import Article, read
from agents.offline.sentences import TERMINAL, ended
from agents.offline.wishes import Wishes, wishes
from core.policy import Policy

FEW: Final = 5
LEANS_AT_MOST: Final = 3
"""A sentence that needs more others before it is left out."""
HEADLINE_CHARACTERS: Final = 120
_LETTER: Final = regex.compile(r"\p{L}")
_CLUSTER: Final = regex.compile(r"\X")
_CUTS: Final = (
    # Where a text may be cut, and how much of the room must be used for the cut to be worth it.
    (regex.compile(r"(?<=\D)[,;:–—](?=\s)|[、，；]"), 0.4),
    (regex.compile(r"\s+"), 0.3),
    (_CLUSTER, 0.0),
)
_NO_SPACES: Final = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")


@dataclass(frozen=True)
class Material:
    article: Article
    sentences: tuple[Sentence, ...]
    """In the article's order."""
    brief: Brief
    policy: Policy
    asked: Wishes
    previous: str
    """The earlier draft's text, empty for a first draft."""
    feedback: str | None = None
    _lengths: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def facts(self) -> Facts:
        return facts(f"{self.article.title or ''}\n{self.article.text}")

    @cached_property
    def prose(self) -> tuple[Sentence, ...]:
        """Whole sentences; those of lists only where there are few others, and fragments where there are few of all."""
        whole = tuple(one for one in self.sentences if one.prose)
        running = tuple(one for one in whole if one.kind == "paragraph")
        return next((some for some in (running, whole) if len(some) >= FEW), self.sentences)

    @cached_property
    def by_place(self) -> dict[int, Sentence]:
        return {one.place: one for one in self.sentences}

    def of_section(self, number: int) -> list[Sentence]:
        return self._sections.get(number, [])

    @cached_property
    def _sections(self) -> dict[int, list[Sentence]]:
        found: dict[int, list[Sentence]] = {}
        for one in self.sentences:
            found.setdefault(one.section, []).append(one)
        return found

    @property
    def rough(self) -> str:
        """For a source without any sentence, a page of code for instance: its own text, or its title."""
        code = "\n".join(block.sentences[0] for section in self.article.sections for block in section.blocks)
        return code.strip() or self.article.title or self.brief.source.text.strip()

    def length(self, parts: Sequence[str]) -> int:
        """In the platform's units, of the sentences in a row. Each is measured once: X's rules take milliseconds."""
        for part in parts:
            if part not in self._lengths:
                self._lengths[part] = self.policy.measure(part)
        return sum(self._lengths[part] for part in parts) + max(0, len(parts) - 1)

    def words(self, usual: int) -> int:
        """How long the draft should be: as asked for, else `usual`."""
        wanted = self.brief.target_length or usual
        if self.previous and self.asked.length != 1.0:
            wanted = max(5, round(len(words(self.previous)) * self.asked.length))
        return min(wanted, self.asked.most_words or wanted)


def gather(request: WriteRequest) -> Material:
    article = read(request.brief)
    asked = wishes(request)
    previous = request.previous.content.content if request.previous else ""
    sentences = tuple(ranked(article, request.brief, asked))
    return Material(article, sentences, request.brief, request.policy, asked, previous, request.feedback)


def pick(
    material: Material, pool: Collection[Sentence], room: int, taken: Collection[Sentence] = ()
) -> list[Sentence]:
    """The best of the pool that fit into `room` words, each with the sentence it leans on, in the article's order."""
    chosen = {one.place for one in taken}
    picked: set[int] = set()
    allowed = {one.place for one in pool}
    for sentence in sorted(pool, key=lambda one: (-one.score, one.place)):
        chain = _chain(material, sentence, allowed, chosen | picked)
        cost = sum(len(words(one.text)) for one in chain)
        if chain and cost <= room:
            picked.update(one.place for one in chain)
            room -= cost
    return [material.by_place[place] for place in sorted(picked)]


def _chain(material: Material, sentence: Sentence, allowed: set[int], chosen: set[int]) -> list[Sentence]:
    """The sentence with what it leans on; empty when it is taken or cannot stand."""
    if sentence.place in chosen:
        return []
    chain = [sentence]
    while chain[-1].leans:
        before = material.by_place.get(chain[-1].place - 1)
        if before is None or before.section != sentence.section or len(chain) > LEANS_AT_MOST:
            return []
        if before.place in chosen:
            # What is this short keeps its order, so that the two stay together.
            return chain if before.place in allowed or len(material.prose) < FEW else []
        if before.place not in allowed:
            return []
        chain.append(before)
    return chain


def headline(material: Material) -> str:
    """The title as a sentence of its own: it says what the facts after it are about. Empty when there is none that
    fits, or when the last draft began with it and shall begin otherwise."""
    title = finished(material.article.title or "")
    repeated = material.asked.new_opening and material.previous.startswith(title)
    said = any(one.text == title for one in material.sentences)
    return "" if repeated or said or len(title) > HEADLINE_CHARACTERS else title


def finished(text: str) -> str:
    """A line that ends without a mark gets a full stop; what has no letters stays as it is."""
    text = text.strip()
    if ended(text) or not _LETTER.search(text):
        return text
    text = text.rstrip(",;:–—- ")
    return f"{text}{'。' if _NO_SPACES.search(text[-1:]) else '.'}"


def clipped(text: str, limit: int, policy: Policy) -> str:
    """The longest beginning of `text` that is at most `limit` of the platform's units and can stand as a sentence:
    whole clauses if possible, else whole words, else whole characters as a reader sees them."""
    if policy.measure(finished(text)) <= limit:
        return finished(text)
    head = text[: limit * 2]
    for end, least in _CUTS:
        ends = [match.start() for match in end.finditer(head)]
        fitting = bisect_right(ends, limit, key=lambda at: policy.measure(_cut(head, at)))
        piece = _cut(head, ends[fitting - 1]) if fitting else ""
        if piece and policy.measure(piece) >= least * limit:
            return piece
    first = _CLUSTER.match(head)
    return first.group() if first else ""


def _cut(text: str, end: int) -> str:
    return finished(text[:end].rstrip(f"{TERMINAL},;:–—- "))
