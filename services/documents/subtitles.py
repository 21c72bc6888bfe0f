"""SubRip, WebVTT and Advanced SubStation Alpha: what is said, with its times."""

import html
from collections.abc import Iterable, Iterator

import pysubs2

from services.documents.document import Document, Unreadable
from services.documents.kinds import Written
from services.documents.speech import Cue, compose


def read(text: str, kind: Written) -> Document:
    """Raises Unreadable."""
    try:
        file = pysubs2.SSAFile.from_string(text, kind)
    except (pysubs2.Pysubs2Error, ValueError) as error:
        raise Unreadable("It is damaged: its times cannot be read as subtitles.") from error
    return compose(_said(sorted((cue for cue in file.events if cue.is_text), key=lambda cue: cue.start)))


def _said(cues: Iterable[pysubs2.SSAEvent]) -> Iterator[Cue]:
    """A line that the cue before has shown already is said once: captions roll."""
    shown: list[str] = []
    for cue in cues:
        lines = [" ".join(html.unescape(line).split()) for line in cue.plaintext.splitlines()]
        yield Cue(cue.start / 1000, cue.end / 1000, " ".join(line for line in lines if line not in shown))
        shown = lines
