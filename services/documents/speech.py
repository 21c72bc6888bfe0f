"""What was said, with its times, as a text: of subtitles and of recordings alike."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import regex

from services.documents.document import Composer, Document

PAUSE_SECONDS: Final = 3.0
"""Between two cues that are not the same paragraph."""
PARAGRAPH: Final = 400
"""Characters after which one ends with the sentence."""
LONGEST: Final = 1500
"""Characters after which one ends anyway: not every model writes full stops."""
_ENDS: Final = regex.compile(r"[.!?…。！？؟।]+[\"”’»」』)\]]*$")
_NO_SPACES: Final = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}。！？、]")


class Cue(NamedTuple):
    """Seconds."""

    start: float
    end: float
    text: str


def compose(cues: Iterable[Cue], language: str | None = None) -> Document:
    """Each cue is a place. Raises Unreadable when nothing is said, or too much."""
    composer = Composer()
    paragraph, until = "", 0.0
    for cue in cues:
        said = " ".join(cue.text.split())
        if not said:
            continue
        long = len(paragraph) > (PARAGRAPH if ends_sentence(paragraph) else LONGEST)
        if long or cue.start - until > PAUSE_SECONDS:
            paragraph = ""
        separator = space_between(paragraph, said) if paragraph else "\n\n"
        composer.add(said, "time", timestamp(cue.start), cue.start, separator)
        paragraph, until = f"{paragraph}{separator}{said}", cue.end
    return composer.document(language=language)


def ends_sentence(text: str) -> bool:
    return bool(_ENDS.search(text))


def space_between(before: str, after: str) -> str:
    """What stands between two words: nothing in scripts that know no spaces."""
    return "" if _NO_SPACES.match(before[-1:]) and _NO_SPACES.match(after[:1]) else " "


def timestamp(seconds: float) -> str:
    """As players show it: 1:02:03."""
    minutes, second = divmod(int(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"
