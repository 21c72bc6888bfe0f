"""A thread of a real graph with agents that say what they were told to, and no database."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Unpack
from uuid import uuid4

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import JsonValue

from agents.base import (
    CRITERIA,
    Finding,
    Judgement,
    JudgeRequest,
    Meter,
    NullMeter,
    Prompt,
    WriteRequest,
    Written,
)
from core.content import Content
from graphs.context import ServiceContext
from graphs.loop import Graph, build
from graphs.run import Continue, End, Pause, Resume, Start, Step, advance
from graphs.state import Options


@dataclass
class ScriptedWriter:
    """Writes `texts` in their order, else its draft's number; remembers what it was asked."""

    texts: Iterator[str | Exception] = field(default_factory=lambda: iter(()))
    asked: list[WriteRequest] = field(default_factory=list)

    async def write(self, request: WriteRequest, meter: Meter) -> Written:
        self.asked.append(request)
        text = next(self.texts, f"Draft number {request.sequence}.")
        if isinstance(text, Exception):
            raise text
        return Written(Content(content=text), Prompt("scripted", f"Write {request.sequence}", "ab" * 32))


@dataclass
class ScriptedCritic:
    """Gives `scores` in their order, then 90s; remembers what it was asked."""

    scores: Iterator[int] = field(default_factory=lambda: iter(()))
    asked: list[JudgeRequest] = field(default_factory=list)

    async def judge(self, request: JudgeRequest, meter: Meter) -> Judgement:
        self.asked.append(request)
        score = next(self.scores, 90)
        findings = {
            name: Finding(score=score, quote=request.content.content[:9], instruction="Say it shorter.")
            for name in CRITERIA
        }
        return Judgement(findings, f"Worth {score}.", Prompt("scripted", "Judge it", "cd" * 32))


@dataclass
class Thread:
    """What a test does with a thread: go on, and see the steps and where it stopped."""

    writer: ScriptedWriter
    critic: ScriptedCritic
    graph: Graph = field(default_factory=lambda: build("x"))
    saver: BaseCheckpointSaver[str] = field(default_factory=InMemorySaver)
    id: str = field(default_factory=lambda: str(uuid4()))
    steps: list[Step] = field(default_factory=list)
    at: Pause | End | None = None

    @property
    def context(self) -> ServiceContext:
        return ServiceContext(writer=self.writer, critic=self.critic, meter=NullMeter())

    async def start(self, text: str = "We have shipped.", **options: Unpack[Options]) -> Pause | End:
        return await self.go(Start({"source": {"text": text}, "options": options}))

    async def answer(self, value: JsonValue) -> Pause | End:
        assert isinstance(self.at, Pause)
        return await self.go(Resume(self.at.interrupt_id, value))

    async def go(self, do: Start | Resume | Continue) -> Pause | End:
        self.steps = []
        async for reached in advance(self.graph, self.saver, self.id, do, self.context):
            if isinstance(reached, Step):
                self.steps.append(reached)
            else:
                self.at = reached
        assert self.at is not None
        return self.at

    @property
    def nodes(self) -> list[str]:
        return [step.node for step in self.steps]


@pytest.fixture
def thread() -> Thread:
    return Thread(ScriptedWriter(), ScriptedCritic())
