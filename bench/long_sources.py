"""A long source to drafts for three platforms by the offline model."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from langgraph.checkpoint.memory import InMemorySaver
from rich import box
from rich.console import Console
from rich.table import Table

from agents.base import NullMeter, Source
from agents.offline.critic import OfflineCritic
from agents.offline.writer import OfflineWriter
from agents.passages import passages
from graphs.context import ServiceContext
from graphs.loop import build
from graphs.run import Pause, Start, advance
from graphs.state import State

PLATFORMS: Final = ("linkedin", "x", "blog")
COUNTS: Final = (1_000, 10_000, 100_000)
_SUBJECTS: Final = [
    "harbour",
    "bridge",
    "ward",
    "orchard",
    "library",
    "tramway",
    "glacier",
    "archive",
    "brewery",
    "observatory",
]
_PLACES: Final = [
    "Lund",
    "Bergen",
    "Turku",
    "Aarhus",
    "Tartu",
    "Gdansk",
    "Vilnius",
    "Bremen",
    "Leiden",
    "Cork",
]


def article(count: int) -> str:
    """So many words and a few more, in sections; no two sentences are the same."""
    sections: list[str] = []
    number = 0
    while number * 16 < count:
        lines = []
        for _ in range(30):
            number += 1
            subject, place = _SUBJECTS[number % 10], _PLACES[number // 10 % 10]
            lines.append(
                f"In {1900 + number % 120} the {subject} of {place} took in {number * 37 % 9973} visitors, "
                f"and they stayed {number % 50} hours more."
            )
        paragraphs = (" ".join(lines[at : at + 5]) for at in range(0, 30, 5))
        sections.append("\n\n".join([f"## Part {len(sections) + 1}", *paragraphs]))
    return "\n\n".join(sections)


def run(console: Console, *, quick: bool) -> dict[str, float]:
    table = Table("source to three drafts, offline", box=box.SIMPLE_HEAD)
    for heading in ("words", "passages", "words of notes", "traced sentences", "seconds", "CPU seconds"):
        table.add_column(heading, justify="right")
    figures: dict[str, float] = {}
    for count in COUNTS[:1] if quick else COUNTS:
        text = article(count)
        started, used = time.monotonic(), time.process_time()
        found = asyncio.run(_drafts(text))
        seconds, cpu = time.monotonic() - started, time.process_time() - used
        noted = max(sum(len(note["text"].split()) for note in state.get("notes") or ()) for state in found)
        traced = sum(len(draft.get("provenance", ())) for state in found for draft in state["drafts"])
        row = (len(text.split()), len(passages(Source(text=text))), noted, traced)
        table.add_row("", *(f"{each:,}" for each in row), f"{seconds:.2f}", f"{cpu:.2f}")
        figures |= {f"source_{count}_seconds": seconds, f"source_{count}_cpu_seconds": cpu}
    console.print(table)
    return figures


async def _drafts(text: str) -> Sequence[State]:
    return await asyncio.gather(*(_draft(platform, text) for platform in PLATFORMS))


async def _draft(platform: str, text: str) -> State:
    """As it stands when a reviewer is asked."""
    context = ServiceContext(writer=OfflineWriter(), critic=OfflineCritic(), meter=NullMeter())
    do = Start({"source": {"type": "text", "text": text}})
    async for reached in advance(build(platform), InMemorySaver(), str(uuid4()), do, context):
        if isinstance(reached, Pause):
            return reached.state
    raise AssertionError("no review was reached")
