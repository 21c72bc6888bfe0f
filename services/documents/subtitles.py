"""SubRip, WebVTT and Advanced SubStation Alpha: what is said, with its times."""

import html
import re
from collections.abc import Iterable, Iterator
from typing import Final

import pysubs2

from services.confined.limits import Unreadable
from services.documents.document import Document
from services.documents.kinds import Written
from services.documents.speech import Cue, compose

_TIME: Final = re.compile(r"<\d[\d:.]+>")
"""Of a word, as captions that roll have them."""
_UNSAID: Final = re.compile(r"^\s*(?:>>|[-–—])\s*|\[[^\[\]]{1,60}\]|^\s*\([^()]{1,60}\)\s*$|[♪♫]")
"""Who begins to speak, and what is heard but not spoken: [applause]."""


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
        lines = [
            " ".join(_UNSAID.sub("", html.unescape(_TIME.sub("", line))).split())
            for line in cue.plaintext.splitlines()
        ]
        yield Cue(cue.start / 1000, cue.end / 1000, " ".join(line for line in lines if line not in shown))
        shown = lines
