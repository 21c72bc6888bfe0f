"""The five criteria as deductions from a good mark, each with its evidence and with what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean
from typing import Final

import regex

from agents.base import Criterion, Finding
from agents.metadata import words
from agents.offline.lexicon import LEANING
from agents.offline.measures import Draft
from agents.offline.sentences import balanced, ended
from agents.offline.wishes import named, of_rules, sober
from agents.shapes import HOOK_CHARACTERS, flaws
from agents.signs import EMOJI, HASHTAG

GOOD: Final = 92
"""The mark of a draft in which nothing was found: rules cannot tell the good from the excellent."""
ENOUGH_FACTS: Final = 3
EASY_WORDS: Final = 14
"""Per sentence, on average: what plain-language guides ask for (GOV.UK: 15 to 20 at most)."""
WELCOME_FACTS: Final = 6
_LETTER: Final = regex.compile(r"\p{L}")
_EXCLAIMED: Final = regex.compile(r"(?<![^.!?])[^.!?]*+!")
_SHOUT: Final = regex.compile(r"!{2,}|\?{2,}|[!?]{3,}")
_CAPITALS: Final = regex.compile(r"\b\p{Lu}{5,}\b(?:[ ,]+\p{Lu}{2,}\b)+")
_DOUBLED: Final = regex.compile(r"(?i)\b(?!that|had|ha|very|so|no\b)(\p{L}{2,}) \1\b")
_LOOSE: Final = regex.compile(r"\w +[,;.!?](?=\s|$)|\w,(?=[^\s\d\"”’'»)])|  +")
_LOWER: Final = regex.compile(r"^[\"“„«('‘]*\p{Ll}")
_HOLLOW: Final = regex.compile(
    r"(?i)\b(?:game.?chang\w+|revolution\w+|unlock(?:s|ing)? the|in today['’]s (?:fast|digital|world)\S*|"
    r"(?:so |very |super )?(?:excited|thrilled|humbled) to|you won['’]t believe|needless to say|at the end of the day|"
    r"cutting.edge|next.level|synerg\w+|delve|best.in.class|world.class)\b"
)


@dataclass(frozen=True, slots=True)
class Fault:
    points: int
    quote: str
    instruction: str


def findings(draft: Draft) -> dict[Criterion, Finding]:
    """Where nothing is wrong, the evidence is what the mark rests on, and the instruction what could still be done."""
    last = draft.sentences[-1] if draft.sentences else draft.text
    return {
        "platform_appropriateness": _finding(draft, _platform(draft), draft.opening, "Keep the form."),
        "style_consistency": _finding(draft, _style(draft), last, "Keep this voice."),
        "clarity": _finding(
            draft, _clarity(draft), draft.longest, "Keep it; if anything, split this sentence."
        ),
        "engagement": _finding(
            draft, _engagement(draft), draft.best, "Keep this sentence: it carries the post."
        ),
        "grammar": _finding(draft, _grammar(draft), draft.opening, "Nothing to correct; read it aloud once."),
    }


def _finding(draft: Draft, faults: Iterator[Fault], evidence: str, praise: str) -> Finding:
    """The gravest fault speaks."""
    found = list(faults)
    score = max(0, GOOD - sum(fault.points for fault in found))
    graver = [fault for fault in found if fault.instruction]
    worst = max(graver, key=lambda fault: fault.points, default=Fault(0, evidence, praise))
    quote = worst.quote if worst.quote in draft.request.content.content else ""
    return Finding(score=score, quote=quote[:300], instruction=worst.instruction)


def _platform(draft: Draft) -> Iterator[Fault]:
    policy = draft.request.policy
    for number, violation in enumerate(draft.request.violations):
        yield Fault(60 - 20 * min(number, 2), "", f"{violation.message} {violation.remedy}")
    for flaw in flaws(policy.platform, draft.request.content):
        yield Fault(22, flaw.quote, flaw.instruction)
    much = len(words(draft.source)) > 200
    if much and policy.max_length >= 500 and draft.words < 50:
        yield Fault(20, draft.text[:120], "Make it longer; the source has more to say.")
    if not draft.markdown and draft.words > 450:
        yield Fault(15, draft.text[:120], "Shorten it; nobody reads this much here.")


def _style(draft: Draft) -> Iterator[Fault]:
    brief, text = draft.request.brief, draft.text
    formal = sober(brief)
    if formal and (marked := next(draft.found(_EXCLAIMED), "")):
        yield Fault(20, marked.strip(), "Remove the exclamation marks; the tone is to be sober.")
    if formal and (sign := EMOJI.search(text)):
        yield Fault(15, sign.group(), "Remove the emoji; the tone is to be sober.")
    for shout in list(draft.found(_CAPITALS))[:2]:
        if shout not in draft.source:
            yield Fault(15, shout, "Write it without capitals; nobody likes to be shouted at.")
    for shout in list(draft.found(_SHOUT))[:2]:
        yield Fault(10, shout, "Use one mark, not several; no exclamation marks in a row.")
    missing = [keyword for keyword in brief.keywords if keyword.casefold() not in text.casefold()]
    known = [keyword for keyword in missing if keyword.casefold() in draft.source.casefold()]
    if known:
        yield Fault(min(24, 8 * len(known)), "", f"Use the keyword “{known[0]}”.")
    if brief.target_length and draft.words > brief.target_length * 1.35:
        yield Fault(20, draft.text[-120:], f"Shorten it to about {brief.target_length} words.")
    available = len(words(draft.source))
    if brief.target_length and draft.words < min(brief.target_length, available) * 0.5 and draft.markdown:
        yield Fault(15, draft.text[-120:], f"Make it longer: about {brief.target_length} words.")
    yield from _manner(draft)
    yield from _against_rules(draft)


def _against_rules(draft: Draft) -> Iterator[Fault]:
    """The rules of style that can be told from words alone."""
    asked, text = of_rules(draft.request.brief.rules), draft.text
    last = draft.sentences[-1] if draft.sentences else ""
    if not asked.questions and last.endswith("?"):
        yield Fault(25, last, "End without a question: a rule of style.")
    if not asked.hashtags and (tag := HASHTAG.search(text)):
        yield Fault(25, tag.group(), "Remove the hashtags: a rule of style.")
    if not asked.emoji and (sign := EMOJI.search(text)):
        yield Fault(25, sign.group(), "Remove the emoji: a rule of style.")
    if not asked.exclamations and "!" in text:
        yield Fault(25, "!", "Remove the exclamation marks: a rule of style.")
    if asked.most_words and draft.words > asked.most_words:
        yield Fault(25, last, f"Shorten it to at most {asked.most_words} words: a rule of style.")
    for phrase in asked.avoided:
        if found := named(phrase, text):
            yield Fault(15, found, f"Leave out “{phrase}”: a rule of style.")


def _manner(draft: Draft) -> Iterator[Fault]:
    """As the samples have it."""
    samples = "\n".join(draft.request.brief.style_samples)
    if not samples.strip():
        return
    if (sign := EMOJI.search(draft.text)) and not EMOJI.search(samples):
        yield Fault(10, sign.group(), "Remove the emoji; the samples have none.")
    if "!" in draft.text and "!" not in samples:
        yield Fault(8, "!", "Remove the exclamation marks; the samples have none.")


def _clarity(draft: Draft) -> Iterator[Fault]:
    lengths = draft.lengths() or [0]
    if max(lengths) > 45:
        yield Fault(14, draft.longest, "Split the longest sentence.")
    if mean(lengths) > 26:
        yield Fault(12, draft.longest, "Write shorter sentences; more than 26 words are hard to follow.")
    elif mean(lengths) > EASY_WORDS:
        yield Fault(round(mean(lengths) - EASY_WORDS), "", "")
    first = words(draft.sentences[0])[:1] if draft.sentences else []
    if first and first[0].casefold() in LEANING:
        yield Fault(14, draft.sentences[0], "Change the opening: it leans on something that nobody has read.")
    for number in draft.foreign[:2]:
        yield Fault(45, number, f"Remove {number}; the source does not say it.")
    if draft.text.endswith(("…", "...")):
        yield Fault(13, draft.text[-60:], "Finish the thought.")
    if draft.repeated:
        grave = round(40 * draft.repetition)
        yield Fault(25 + grave, draft.repeated, "Say it once; remove the sentence that is repeated.")
    if draft.words < 4 and _LETTER.search(draft.text):
        yield Fault(15, draft.text, "Say more; a reader cannot tell what this is about.")


def _engagement(draft: Draft) -> Iterator[Fault]:
    count, there = len(draft.facts), len(draft.source_facts)
    if count < ENOUGH_FACTS:
        lacking = ENOUGH_FACTS - count
        advice = (
            "Add numbers or names of the source." if there > count else "Add a fact, if the source gets one."
        )
        yield Fault((14 if there > count else 6) * lacking, draft.text[:120], advice)
    elif count < WELCOME_FACTS:
        yield Fault(WELCOME_FACTS - count, "", "")
    for number in draft.foreign[:2]:
        yield Fault(25, number, f"Remove {number}; a number without a source costs trust.")
    if draft.repeated:
        yield Fault(25, draft.repeated, "Say something new instead of saying it again.")
    if len(draft.opening) > HOOK_CHARACTERS:
        yield Fault(10, draft.opening, "Rewrite the opening; it is too long to be read at a glance.")
    for phrase in list(draft.found(_HOLLOW))[:3]:
        yield Fault(12, phrase, f"Remove “{phrase}”; say the concrete thing instead.")
    asking = [sentence for sentence in draft.sentences if sentence.endswith("?")]
    if len(asking) > 2 and len(asking) * 3 > len(draft.sentences):
        yield Fault(12, asking[0], "Use fewer questions and more facts.")


def _grammar(draft: Draft) -> Iterator[Fault]:
    unended = [one for one in _running(draft) if not ended(one) and _LETTER.search(one)]
    if unended:
        yield Fault(min(36, 12 * len(unended)), unended[0], "End every sentence with its mark.")
    if draft.text.endswith(("…", "...")):
        yield Fault(35, draft.text[-60:], "Finish the last sentence.")
    lower = [one for one in _running(draft) if _LOWER.match(one) and one not in draft.source]
    if lower:
        yield Fault(min(30, 10 * len(lower)), lower[0], "Begin every sentence with a capital letter.")
    for doubled in list(draft.found(_DOUBLED))[:2]:
        yield Fault(10, doubled, f"Remove the doubled word in “{doubled}”.")
    loose = list(draft.found(_LOOSE))
    if loose:
        yield Fault(min(15, 5 * len(loose)), loose[0], "Put spaces after the marks, and none before them.")
    open_ended = [one for one in draft.paragraphs if not balanced(one)]
    if open_ended:
        yield Fault(10, open_ended[0][:200], "Close what is opened: a quotation or a bracket.")


def _running(draft: Draft) -> list[str]:
    """Sentences of running text: entries of a list and what leads to them need neither a capital nor a mark."""
    return [one for one in draft.sentences if not one.endswith((":", "：")) and not draft.listed(one)]
