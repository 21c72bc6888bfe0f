"""A workflow as it happens: a table that moves on a terminal, plain lines elsewhere."""

import time
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli import show
from cli.answers import Event, Thread, Workflow
from cli.client import Client

_TAIL_LENGTH: Final = 240
"""Characters of the text being written: about three lines."""
_WAITS: Final = "awaiting_review"
_DRAFTING: Final = {"generating", "evaluating"}


@dataclass
class Line:
    """One platform's. `round` counts the drafts."""

    platform: str
    status: str
    round: int = 0
    score: int | None = None
    violations: int = 0
    text: str = ""
    error: str = ""


@dataclass
class Board:
    """What the events so far add up to."""

    lines: dict[UUID, Line] = field(default_factory=dict)

    @classmethod
    def of(cls, workflow: Workflow) -> "Board":
        return cls({each.thread_id: Line(each.platform, each.status) for each in workflow.threads})

    def take(self, event: Event) -> str | None:
        """The plain line that tells of it; None when it is not worth one."""
        line = self.lines.get(event.thread_id) if event.thread_id else None
        if line is None:
            return None
        match event.type:
            case "thread.status" if event.status != _WAITS:
                line.status = event.status or line.status
                line.error = event.error if isinstance(event.error, str) else ""
                return f"{line.platform}: {show.words(line.status)}" + (
                    f": {line.error}" if line.error else ""
                )
            case "review.requested":
                # Of one commit's events the thread's status is the first and this the last.
                line.status = _WAITS
                return f"{line.platform}: {show.words(_WAITS)}"
            case "draft.delta":
                line.text += event.text
            case "draft.created":
                line.round, line.text = event.sequence + 1, ""
                return f"{line.platform}: draft {line.round}"
            case "evaluation.created":
                line.score, line.violations = event.score, event.violations
                rules = "rule" if line.violations == 1 else "rules"
                broken = f", {line.violations} {rules} broken" if line.violations else ""
                return f"{line.platform}: draft {line.round} scores {line.score}{broken}"
            case "post.published":
                return f"{line.platform}: {event.url}{' (simulated)' if event.simulated else ''}"
        return None

    @property
    def drafts(self) -> bool:
        return any(line.status in _DRAFTING for line in self.lines.values())

    def __rich__(self) -> RenderableType:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("platform", "status", "draft", "score"):
            table.add_column(name)
        for line in self.lines.values():
            table.add_row(
                line.platform,
                show.status(line.status),
                str(line.round or ""),
                show.score(line.score) if line.score is not None else "",
            )
        tails = [
            Text.assemble((f"{line.platform}  ", "bold dim"), show.plain(line.text[-_TAIL_LENGTH:], "dim"))
            for line in self.lines.values()
            if line.text
        ]
        return Group(table, *tails)


def follow(client: Client, workflow: Workflow, out: Console | None) -> Workflow:
    """Until every thread waits for a person or has ended. `out` None: without a word."""
    board = Board.of(workflow)
    live = Live(board, console=out, transient=True) if out and out.is_terminal else nullcontext()
    with live, closing(client.events(workflow.id)) as events:
        for event in events:
            told = board.take(event)
            if told and out and not out.is_terminal:
                out.print(show.plain(told), soft_wrap=True)
            # Asked only when it may be so, and answered by the rows: events can be old.
            if not board.drafts and not _moves(workflow := client.workflow(workflow.id)):
                break
    return workflow


def await_outcome(client: Client, workflow_id: UUID, thread_id: UUID, seconds: float) -> Thread:
    """The thread as soon as nothing moves in it, or as it is when the time is up."""
    deadline = time.monotonic() + seconds
    thread = client.workflow(workflow_id).thread(thread_id)
    while thread.moves and time.monotonic() < deadline:
        # Short: what changes between two calls does not end the second one's wait.
        thread = client.workflow(workflow_id, wait=1).thread(thread_id)
    return thread


def _moves(workflow: Workflow) -> bool:
    return any(thread.moves for thread in workflow.threads)
