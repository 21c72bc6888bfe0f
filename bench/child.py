"""Work in a process of its own that warms up first and begins when it is told to."""

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final, Generic, Literal, TypeVar

import uvloop

Task = TypeVar("Task")
Result = TypeVar("Result")
Warm = Callable[[], Awaitable[None]]
"""Awaited by the work when it has warmed up; returns when it shall begin."""
Work = Callable[[Task, Warm], Coroutine[Any, Any, Result]]
Loop = Literal["asyncio", "uvloop"]
"""uvloop is what our own processes run on; Python's own is what there is without a further thought."""
_RUN: Final = {"asyncio": asyncio.run, "uvloop": uvloop.run}


@dataclass(frozen=True, slots=True)
class Run:
    """What callers saw of their cycles, one figure a cycle; `cpu_seconds` is this process's own."""

    seconds: float
    cpu_seconds: float
    review_seconds: list[float]
    """From start to the pause for review."""
    published_seconds: list[float]
    """From the decision to the end."""

    @property
    def cycles(self) -> int:
        return len(self.published_seconds)


class ChildFailed(Exception):
    """Its traceback is on standard error."""


class Child(Generic[Task, Result]):
    """Does one task after the other; between them it waits and costs nothing."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def warm_up(self, task: Task) -> Callable[[], Result]:
        """Returns what lets it begin and gives its result. Both raise ChildFailed."""
        self._pipe.send(task)
        self._hear()

        def begin() -> Result:
            self._pipe.send(None)
            result: Result = self._hear()
            return result

        return begin

    def _hear(self) -> Any:
        try:
            return self._pipe.recv()
        except EOFError as error:
            raise ChildFailed from error


@contextmanager
def child(work: Work[Task, Result], loop: Loop) -> Iterator[Child[Task, Result]]:
    """`work` is a module's own function: it warms up, awaits what it is handed, and then does what is measured."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(work, loop, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Child(ours)
    finally:
        ours.close()
        process.join()


def _serve(work: Work[Task, Result], loop: Loop, pipe: Connection) -> None:
    async def warm() -> None:
        pipe.send(None)
        await asyncio.to_thread(pipe.recv)

    with suppress(EOFError):  # nothing more is to be done
        while True:
            task = pipe.recv()
            pipe.send(_RUN[loop](work(task, warm)))
