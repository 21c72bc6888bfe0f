"""What a reviewer or the critic asks for, as far as it can be told from plain English words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import regex

from agents.base import Attempt, Brief, WriteRequest
from agents.metadata import words
from agents.offline.lexicon import ASKING

PASSING: Final = 80
"""A finding with this score or more asks for nothing (the default quality bar)."""


def _any(pattern: str) -> regex.Pattern[str]:
    return regex.compile(rf"\b(?:{pattern})\b", regex.IGNORECASE)


_LESS: Final = (
    r"(?:no|without|remove|drop|avoid|delete|fewer|less|cut|not? use|don['’]t use|leave out)(?: \w+){0,2} "
)
_OPENING: Final = r"(?:open\w*|hook|start|beginning|intro\w*|first (?:line|sentence|words))"
_ENDING: Final = r"(?:ending|closing|conclusion|end|last (?:line|sentence|paragraph))"
_CHANGE: Final = r"(?:different|another|other|new|better|stronger|change|rewrite|replace|weak|boring|dull)"

_SHORTER: Final = _any(
    r"shorter|shorten|too long|trim|brief|briefer|concise|tighten|condense|half as long|less text"
)
_LONGER: Final = _any(r"longer|too short|more detail|more details|expand|elaborate|more depth|lengthen")
_SHORT_SENTENCES: Final = _any(
    r"short(?:er)? (?:sentences|paragraphs)|split|simpler|simplify|easier to read|plain words"
)
_NO_NUMBERS: Final = _any(rf"{_LESS}(?:numbers|figures|statistics)")
_NUMBERS: Final = _any(
    r"numbers?|figures?|statistics?|percent\w*|metrics?|facts?|concrete|specific|specifics|evidence"
)
_NO_QUESTIONS: Final = _any(rf"{_LESS}questions?(?: marks?)?")
_NO_SHOUTING: Final = _any(rf"{_LESS}(?:exclamation(?: marks?| points?)?|shouting|hype)|calmer|more sober")
_NO_QUOTATIONS: Final = _any(rf"{_LESS}(?:quotes?|quotations?)")
_NO_HASHTAGS: Final = _any(rf"{_LESS}hashtags?")
_NO_EMOJI: Final = _any(rf"{_LESS}emojis?")
_MOST_WORDS: Final = _any(r"(?:at most|under|below|no more than|fewer than|a maximum of) (\d{1,5}) words")
_INSTEAD: Final = regex.compile(
    r"(?:instead of|rather than|not|no) [\"“]([^\"”]{1,100})[\"”]", regex.IGNORECASE
)
_NO_BULLETS: Final = _any(rf"{_LESS}(?:bullets?(?: points?)?|lists?)")
_BULLETS: Final = _any(r"bullets?(?: points?)?|as a list|use a list")
_NEW_OPENING: Final = _any(
    rf"{_CHANGE}(?: \w+){{0,3}} {_OPENING}|{_OPENING}(?: \w+){{0,3}} {_CHANGE}|open with|start with|begin with"
)
_NEW_ENDING: Final = _any(
    rf"{_CHANGE}(?: \w+){{0,3}} {_ENDING}|{_ENDING}(?: \w+){{0,3}} {_CHANGE}|end with|close with"
)
_SOBER: Final = _any(r"(?:formal|sober|serious|professional|neutral)\w*")
_PLAIN: Final = _any(r"(?:casual|simple|friendly|plain|punchy)\w*")
_SPEECH: Final = regex.compile(r"[\"“„«]([^\"“”„«»]{2,200})[\"”“»]")
_AVOIDED: Final = regex.compile(
    r"(?i)\b(?:do not|don['’]t|never|not) (?:mention|say|name|include|talk about|write about|use)|"
    r"\b(?:remove|drop|delete|without|leave out|omit|cut)\b(?! to)"
)
_CLAUSE: Final = regex.compile(r"[.!?;\n]+|, (?=and |but |then )|\b(?:but|then|and instead)\b")


@dataclass(frozen=True, slots=True)
class Wishes:
    length: float = 1.0
    """Of the previous draft."""
    numbers: bool = False
    short_sentences: bool = False
    questions: bool = True
    exclamations: bool = True
    quotations: bool = True
    hashtags: bool = True
    emoji: bool = True
    most_words: int | None = None
    bullets: bool | None = None
    new_opening: bool = False
    new_ending: bool = False
    wanted: frozenset[str] = frozenset()
    """Words, folded, that a sentence should have."""
    avoided: tuple[str, ...] = ()
    """Words and phrases, folded, that no sentence may have."""


def wishes(request: WriteRequest) -> Wishes:
    """The reviewer's words and the rules of style and, below them, the critic's instructions for what did not pass."""
    advice = " ".join(_advice(request.previous)) if request.previous else ""
    return _told(request.feedback or "", "\n".join(request.brief.rules), advice)


def of_rules(rules: Sequence[str]) -> Wishes:
    return _told("", "\n".join(rules), "")


def _told(spoken: str, rules: str, advice: str) -> Wishes:
    both = f"{spoken}\n{rules}\n{advice}"
    avoided = (*_avoided(spoken), *(phrase.casefold() for phrase in _INSTEAD.findall(rules)))
    numbers = bool(_NUMBERS.search(_NO_NUMBERS.sub("", both)))
    bullets = False if _NO_BULLETS.search(both) else (True if _BULLETS.search(both) else None)
    wanted = {word for word in _content_words(spoken) if not any(word in phrase for phrase in avoided)}
    return Wishes(
        length=_length(spoken) or _length(advice) or 1.0,
        numbers=numbers,
        short_sentences=bool(_SHORT_SENTENCES.search(both)),
        questions=not _NO_QUESTIONS.search(both),
        exclamations=not _NO_SHOUTING.search(both),
        quotations=not _NO_QUOTATIONS.search(both),
        hashtags=not _NO_HASHTAGS.search(both),
        emoji=not _NO_EMOJI.search(both),
        most_words=min((int(most) for most in _MOST_WORDS.findall(rules)), default=None),
        bullets=bullets,
        new_opening=bool(_NEW_OPENING.search(both)),
        new_ending=bool(_NEW_ENDING.search(both)),
        wanted=frozenset(wanted),
        avoided=avoided,
    )


def sober(brief: Brief) -> bool:
    """The tone that was asked for takes neither exclamation marks nor emoji."""
    return bool(_SOBER.search(brief.tone_of_voice or ""))


def plain(brief: Brief) -> bool:
    """The tone that was asked for takes short sentences."""
    return bool(_PLAIN.search(brief.tone_of_voice or ""))


def named(phrase: str, text: str) -> str:
    """The phrase as the text has it, in whole words; empty where it has not."""
    found = regex.search(rf"(?i)(?<!\w){regex.escape(phrase)}(?!\w)", text)
    return found.group() if found else ""


def _advice(previous: Attempt) -> list[str]:
    return [finding.instruction for finding in previous.findings.values() if finding.score < PASSING] + [
        violation.remedy for violation in previous.violations
    ]


def _length(text: str) -> float | None:
    if _SHORTER.search(text):
        return 0.65
    return 1.4 if _LONGER.search(text) else None


def _avoided(text: str) -> list[str]:
    """What stands behind "do not mention" and its like: the quoted phrase, or else the telling words."""
    found: list[str] = []
    for clause in _CLAUSE.split(text):
        command = _AVOIDED.search(clause)
        if command:
            rest = clause[command.end() :]
            quoted = [phrase.casefold() for phrase in _SPEECH.findall(rest)]
            found += quoted or _content_words(rest)
    return found


def _content_words(text: str) -> list[str]:
    folded = (word.casefold() for word in words(text))
    return [word for word in folded if word not in ASKING and (len(word) > 3 or word[0].isdigit())]
