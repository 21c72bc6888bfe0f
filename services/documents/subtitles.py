"""SubRip, WebVTT and Advanced SubStation Alpha: what is said, with its times."""

import html
from typing import Final

import pysubs2

from services.documents.document import Composer, Document, Unreadable
from services.documents.kinds import Written

_PAUSE_MS: Final = 3_000
"""Between two cues that are not the same paragraph."""
_PARAGRAPH: Final = 400
"""Characters after which one ends with the sentence."""
_ENDS: Final = (".", "!", "?", "…", "。", "！", "？", '."', ".”", "?”", "!”")


def read(text: str, kind: Written) -> Document:
    """Each cue is a place. A line that the cue before has shown already (captions that roll) is said once."""
    try:
        file = pysubs2.SSAFile.from_string(text, kind)
    except (pysubs2.Pysubs2Error, ValueError) as error:
        raise Unreadable("It is damaged: its times cannot be read as subtitles.") from error
    composer = Composer()
    shown: list[str] = []
    paragraph, until = "", 0
    for cue in sorted((cue for cue in file.events if cue.is_text), key=lambda cue: cue.start):
        lines = [" ".join(html.unescape(line).split()) for line in cue.plaintext.splitlines()]
        said = " ".join(line for line in lines if line and line not in shown)
        shown = lines
        if not said:
            continue
        if cue.start - until > _PAUSE_MS or (len(paragraph) > _PARAGRAPH and paragraph.endswith(_ENDS)):
            paragraph = ""
        separator = " " if paragraph else "\n\n"
        composer.add(said, "time", timestamp(cue.start / 1000), cue.start / 1000, separator)
        paragraph, until = f"{paragraph} {said}", cue.end
    return composer.document()


def timestamp(seconds: float) -> str:
    """As players show it: 1:02:03."""
    minutes, second = divmod(int(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"
