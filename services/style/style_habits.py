"""What somebody changes in drafts again and again, told from the words alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import regex

from agents.metadata import words
from agents.offline.lexicon import COMMON
from agents.offline.sentences import sentences
from agents.signs import BULLET, EMOJI, HASHTAG
from services.reviewing import diffs

SHORTER: Final = 0.8
"""A text that is cut to this share of its words, or to less, was too long."""
FEW_WORDS: Final = 20
"""Of shorter texts the length says nothing."""
_EXCLAMATION: Final = regex.compile(r"(?<![^.!?\n])[^.!?\n]*+!")
_SIGNS: Final = {
    "hashtags": (HASHTAG, "Use no hashtags."),
    "emoji": (EMOJI, "Use no emoji."),
    "exclamation_marks": (_EXCLAMATION, "Use no exclamation marks."),
    "bullets": (BULLET, "Use no bullet points."),
}
_RULES: Final = {name: rule for name, (_, rule) in _SIGNS.items()} | {
    "closing_question": "End without a question.",
    "we": "Write “we” and “our”, not “I” and “my”.",
    "title_case": "Write titles in title case.",
    "sentence_case": "Write titles in sentence case.",
}
_SPELLINGS: Final = tuple(
    (regex.compile(british), american)
    for british, american in (
        (r"is(?=ations?\b|ing\b|ed\b|es\b|ers?\b|e\b)", "iz"),
        (r"ys(?=e|ing\b|ed\b)", "yz"),
        (r"(?<=[bcdilmnv])our", "or"),
        (r"(?<=\b(?:cen|thea|me|li))tre", "ter"),
        (r"ll(?=ed\b|ing\b|ers?\b)", "l"),
        (r"ogue", "og"),
        (r"(?<=defe|offe|lice|prete)nce", "nse"),
    )
)
_ONE: Final = frozenset({"i", "my", "me", "mine", "myself"})
_MANY: Final = frozenset({"we", "our", "us", "ours", "ourselves"})
_WORD: Final = regex.compile(r"\p{L}[\p{L}'’-]*")
_SMALL: Final = 4
"""Words of fewer letters are written small in titles of either kind."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A draft, and what a person made of it and approved."""

    before: str
    after: str
    title_before: str = ""
    title_after: str = ""


@dataclass(frozen=True, slots=True)
class Habit:
    """`subject` tells habits of one kind apart. `before` and `after` are the words in which it shows."""

    kind: str
    subject: str
    before: str
    after: str

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.subject


def habits(edit: Edit) -> list[Habit]:
    """Each once, however often it shows. For long texts nothing to do on the event loop."""
    found = (*_signs(edit), *_ending(edit), *_length(edit), *_title(edit), *_replaced(edit))
    return list({habit.key: habit for habit in reversed(found)}.values())


def rule(habit: Habit, edits: Sequence[Edit]) -> str:
    """In words; `edits` are those in which it shows."""
    match habit.kind:
        case "length":
            most = max(len(words(edit.after)) for edit in edits)
            return f"Use at most {-(-most // 10) * 10} words."
        case "spelling":
            return f"Use {habit.subject} spelling."
        case "word":
            return f"Write “{habit.after}” instead of “{habit.before}”."
        case kind:
            return _RULES[kind]


def _signs(edit: Edit) -> Iterator[Habit]:
    for kind, (sign, _) in _SIGNS.items():
        found = [match.group().strip() for match in sign.finditer(edit.before)]
        if found and not sign.search(edit.after):
            yield Habit(kind, "", "\n".join(found) if kind == "bullets" else " ".join(found), "")


def _ending(edit: Edit) -> Iterator[Habit]:
    before, after = _last(edit.before), _last(edit.after)
    if before.endswith("?") and not after.endswith("?"):
        yield Habit("closing_question", "", before, after)


def _length(edit: Edit) -> Iterator[Habit]:
    before, after = len(words(edit.before)), len(words(edit.after))
    if before >= FEW_WORDS and after <= before * SHORTER:
        yield Habit("length", "", f"{before} words", f"{after} words")


def _title(edit: Edit) -> Iterator[Habit]:
    before, after = edit.title_before, edit.title_after
    if before == after or before.casefold() != after.casefold():
        return
    if _in_title_case(before) and not _in_title_case(after):
        yield Habit("sentence_case", "", before, after)
    elif _in_title_case(after) and not _in_title_case(before):
        yield Habit("title_case", "", before, after)


def _replaced(edit: Edit) -> Iterator[Habit]:
    """One word for one other."""
    for old, new in pairwise(diffs.words(edit.before, edit.after)):
        if (old.op, new.op) != ("delete", "insert") or not (_is_word(old.text) and _is_word(new.text)):
            continue
        before, after = old.text.casefold(), new.text.casefold()
        if before in _ONE and after in _MANY:
            yield Habit("we", "", old.text, new.text)
        elif american(before) == after != before:
            yield Habit("spelling", "American", old.text, new.text)
        elif american(after) == before != after:
            yield Habit("spelling", "British", old.text, new.text)
        elif before != after and before not in COMMON and len(before) >= _SMALL:
            yield Habit("word", f"{before} → {after}"[:200], before, after)


def american(word: str) -> str:
    """A word in American spelling, as far as it follows from the British one by rule."""
    for british, ending in _SPELLINGS:
        word = british.sub(ending, word)
    return word


def _is_word(text: str) -> bool:
    return _WORD.fullmatch(text) is not None


def _last(text: str) -> str:
    """The last sentence, without the hashtags that often stand behind it."""
    plain = HASHTAG.sub("", text).strip()
    found = sentences(plain.rpartition("\n")[2]) if plain else []
    return found[-1].strip() if found else ""


def _in_title_case(title: str) -> bool:
    telling = [word for word in _WORD.findall(title) if len(word) >= _SMALL]
    return len(telling) > 1 and all(word[0].isupper() for word in telling)
