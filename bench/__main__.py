"""`make bench`: what Proofroom does on this machine, each figure beside what it is to be compared with.

A section is a module with `run(console, *, quick)`, which starts what it needs, prints its figures with their units,
and returns them by their names in build/bench.json.
"""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from bench import cycles, documents, flushes, growth, long_sources, memory, reads, uploads
from bench.machine import described

RESULT: Final = Path("build/bench.json")
WIDTH: Final = 132
"""Of the output, also where it is no terminal's."""


class Section(StrEnum):
    CYCLES = "cycles"
    FLUSHES = "flushes"
    READS = "reads"
    GROWTH = "growth"
    MEMORY = "memory"
    UPLOADS = "uploads"
    DOCUMENTS = "documents"
    LONG_SOURCES = "long_sources"


RUN: Final[Mapping[Section, Callable[..., dict[str, float]]]] = {
    Section.CYCLES: cycles.run,
    Section.FLUSHES: flushes.run,
    Section.READS: reads.run,
    Section.GROWTH: growth.run,
    Section.MEMORY: memory.run,
    Section.UPLOADS: uploads.run,
    Section.DOCUMENTS: documents.run,
    Section.LONG_SOURCES: long_sources.run,
}


def main(
    only: Annotated[list[Section] | None, typer.Option(help="Only this; may be repeated.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A few cycles: to see whether it runs.")] = False,
) -> None:
    """Measure with a null model and simulated platforms; the figures go to build/bench.json."""
    console = Console(highlight=False, width=WIDTH)
    machine = described()
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()))
    RESULT.parent.mkdir(exist_ok=True)
    figures: dict[str, Any] = {"machine": machine, "quick": quick}
    for section in only or Section:
        figures |= {name: round(value, 3) for name, value in RUN[section](console, quick=quick).items()}
        RESULT.write_text(json.dumps(figures, indent=2) + "\n")
    if (ratio := figures.get("ratio_c16")) is not None:
        console.print(f"Ratio to bare LangGraph at {cycles.MANY} callers: {ratio:.2f} on this disk")


if __name__ == "__main__":
    typer.run(main)
