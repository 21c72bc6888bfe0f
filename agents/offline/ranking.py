"""Which sentences of an article carry it."""

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

import regex

from agents.base import Brief
from agents.facts import Facts, carried, facts
from agents.metadata import words
from agents.offline.lexicon import COMMON, LEANING, POINTING
from agents.offline.reading import Article, Kind
from agents.offline.sentences import balanced, ended
from agents.offline.wishes import Wishes, named, plain, sober
from agents.signs import EMOJI, HASHTAG

LONG: Final = 260
"""Characters; longer sentences tire and rarely fit."""
EARLY: Final = 6
"""Words at the beginning of a sentence in which a pronoun means something said before."""
ASKED: Final = 1.5
"""What a sentence gains that says what the reviewer asked for: more than any other merit."""
_LEANING_PHRASE: Final = regex.compile(
    r"(?i)(?:of course|for example|for instance|in fact|in addition|after (?:that|this)|before that|next came|not only|"
    r"most of (?:the|these|those)|the (?:first|second|third|other|same|latter|former|price of|last) |one of them|"
    r"(?:first|second|third|fourth|fifth)(?:ly)?, |"
    r"(?:two|three|four|five|six|seven|\w+teen) (?:of (?:them|these|those)|things|came|had|were|are)\b|"
    r"(?:under|in|with|by|for|after) the (?:first|second|third|other|latter|former)\b|"
    r"all of (?:them|this)|in (?:this|that) |with (?:this|that) |for (?:this|that) |\w+ of them |a friend )"
)
_ELSEWHERE: Final = regex.compile(
    r"(?i)\b(?:above|below|following|the latter|the former|as follows|things|this (?:guide|step|section))\b"
)
_GREETING: Final = regex.compile(
    r"(?i)(?:good (?:morning|afternoon|evening|day)|hello|hi|hey|welcome|thank you|thanks|guten (?:tag|morgen|abend)|"
    r"(?:herzlich )?willkommen|(?:vielen )?danke?|bonjour|merci|hola|buen[oa]s \w+|(?:muchas )?gracias)\b"
)
GREETING_WORDS: Final = 5
_LINK: Final = regex.compile(r"https?://|www\.|\bdoi:|\S@\S")
_ABOUT_THE_PAPER: Final = regex.compile(
    r"(?i)^(?:(?:this work was )?(?:supported|funded) by|corresponding author|received:? \d|accepted:? \d|isbn|issn|©|"
    r"copyright)\b|^©|\ball rights reserved\b|^\S+@\S+$"
)
_CAPTION: Final = regex.compile(
    r"(?:Fig(?:ure|\.)|Table|Abb(?:ildung|\.)|Tab(?:elle|\.)|Tableau|Cuadro|Tabla|Box|Source|Quelle)\s?\d{0,3}[a-z]?\s?[:.] "
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """`place`, `section` and `block` count from 0 through the article; `leans` needs the one before it."""

    text: str
    place: int
    section: int
    block: int
    kind: Kind
    facts: int
    score: float
    leans: bool
    introduces: bool

    @property
    def question(self) -> bool:
        return self.text.rstrip('"”’»)').endswith(("?", "？", "؟"))

    @property
    def prose(self) -> bool:
        """A whole sentence, not an entry of a list or a line without an end."""
        return ended(self.text) and not self.text.endswith(("…", "...")) and not self.introduces


def terms(text: str) -> list[str]:
    folded = (word.casefold() for word in words(text))
    return [word for word in folded if word not in COMMON and (len(word) > 3 or not word.isascii())]


def ranked(article: Article, brief: Brief, asked: Wishes) -> list[Sentence]:
    """All sentences in the article's order with their scores; those that hold what is to be avoided are left out,
    captions, what is about the paper, and words that only greet and thank."""
    known = facts(article.text)
    weights = _weights(article, brief)
    found: list[Sentence] = []
    for number, section in enumerate(article.sections):
        heard = {word.casefold() for word in words(section.heading or "")} & asked.wanted
        for place, (block, following) in enumerate(
            zip(section.blocks, [*section.blocks[1:], None], strict=False)
        ):
            if block.kind == "code":
                continue
            leads = block.kind == "paragraph" and following is not None and following.kind != "paragraph"
            for order, text in enumerate(block.sentences):
                alone = leads and len(block.sentences) == 1
                sentence = _sentence(text, len(found), number, place, block.kind, known, introduces=alone)
                score = _score(sentence, weights, asked, brief) + ASKED * bool(heard)
                score += 0.35 if number == 0 and place == 0 else 0.15 if order == 0 else 0.0
                found.append(replace(sentence, score=score))
    allowed = [one for one in found if _allowed(one, asked, brief)]
    return allowed or found


def _sentence(
    text: str, place: int, section: int, block: int, kind: Kind, known: Facts, *, introduces: bool
) -> Sentence:
    folded = [word.casefold() for word in words(text[:80])]
    leans = (
        not LEANING.isdisjoint(folded[:1])
        or not POINTING.isdisjoint(folded[:EARLY])
        or bool(_LEANING_PHRASE.match(text.lstrip('"“„« ')))
    )
    return Sentence(
        text,
        place,
        section,
        block,
        kind,
        facts=len(carried(text, known)) if len(text) <= 1000 else 0,
        score=0.0,
        leans=leans,
        introduces=introduces or text.rstrip().endswith((":", "：")),
    )


def _weights(article: Article, brief: Brief) -> dict[str, float]:
    """How telling each word is: how often it comes, whether the title has it, whether somebody asked for it."""
    counts = Counter(terms(article.text))
    most = max(counts.values(), default=1)
    weights = {term: math.log1p(count) / math.log1p(most) for term, count in counts.items()}
    for text, bonus in ((article.title, 0.5), (brief.audience, 0.3), (brief.template, 0.2)):
        for term in set(terms(text or "")):
            if term in weights:
                weights[term] += bonus
    for term in set(terms(" ".join(brief.keywords))):
        weights[term] = weights.get(term, 0) + 1.5
    return weights


def _score(sentence: Sentence, weights: dict[str, float], asked: Wishes, brief: Brief) -> float:
    text = sentence.text
    own = set(terms(text))
    score = sum(weights.get(term, 0) for term in own) / (len(own) + 4)
    score += ASKED * bool(
        asked.wanted and not asked.wanted.isdisjoint(word.casefold() for word in words(text))
    )
    score += (0.3 if asked.numbers else 0.15) * min(sentence.facts, 4)
    score -= 0.3 * sentence.leans + 0.15 * sentence.question + 0.25 * (sentence.kind == "item")
    score -= 0.6 * bool(_LINK.search(text)) + 0.3 * bool(_ELSEWHERE.search(text)) + 0.4 * (not balanced(text))
    length = len(text)
    score -= 0.3 * (length > LONG) + 0.4 * (length < 45 and sentence.facts == 0) + 0.5 * (not sentence.prose)
    if asked.short_sentences or plain(brief):
        score -= length / 400
    return score


def _allowed(sentence: Sentence, asked: Wishes, brief: Brief) -> bool:
    text, formal = sentence.text, sober(brief)
    return not (
        _CAPTION.match(text)
        or _ABOUT_THE_PAPER.search(text)
        or (_GREETING.match(text) and len(words(text)) <= GREETING_WORDS)
        or (sentence.question and not asked.questions)
        or ("!" in text and (not asked.exclamations or formal))
        or (any(mark in text for mark in '"“„«') and not asked.quotations)
        or ((not asked.emoji or formal) and EMOJI.search(text))
        or (not asked.hashtags and HASHTAG.search(text))
        or any(named(phrase, text) for phrase in asked.avoided)
    )
