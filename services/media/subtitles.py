"""What was said, as subtitles."""

import html
from collections.abc import Iterable
from enum import StrEnum

import pysubs2

from agents.transcriber import Segment


class Format(StrEnum):
    SRT = "srt"
    VTT = "vtt"


def subtitles(segments: Iterable[Segment], form: Format) -> str:
    file = pysubs2.SSAFile()
    for one in segments:
        event = pysubs2.SSAEvent(start=round(one.start * 1000), end=round(one.end * 1000))
        # In braces the library, as some players, looks for commands; WebVTT has tags and entities.
        said = one.text.replace("{", "(").replace("}", ")")
        event.plaintext = html.escape(said, quote=False) if form is Format.VTT else said
        file.append(event)
    return file.to_string(form.value)
