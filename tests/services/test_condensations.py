"""A long source is read once, whoever asks: the platforms of a workflow, and the same source again."""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from agents.base import (
    Brief,
    CondenseRequest,
    Meter,
    ModelCall,
    Note,
    NullMeter,
    Prompt,
    Source,
    Usage,
)
from services.claims import Claim
from services.condensations import SharingWriter
from services.operations.routines import remove_condensations
from tests.plugins.scene import Scene, Words

MODEL = "dear-model"
LONG = "\n\n".join(f"## Part {part}\n\n" + f"Harbour {part} took in ships. " * 20 for part in range(12))
REQUEST = CondenseRequest(
    Brief(source=Source(text=LONG)), (Note(text="Ships.", heading="Part 1", passages=(1,)),), words=30
)


@dataclass
class Reader(Words):
    """Ten words of each piece, for a cent; waits for `gate`, and fails when told to."""

    window_words: int = 400
    read: list[int] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False

    def condensing_prompt(self, request: CondenseRequest) -> Prompt:
        text = repr((request.notes, request.words))
        return Prompt(MODEL, text, sha256(text.encode()).hexdigest())

    async def condense(self, request: CondenseRequest, meter: Meter) -> tuple[Note, ...]:
        self.begun.set()
        await self.gate.wait()
        if self.fails:
            self.fails = False
            raise RuntimeError("cut off")
        call = ModelCall(uuid7(), "writer", MODEL, self.condensing_prompt(request).hash, Decimal("0.01"))
        await meter.before(call)
        await meter.after(call, Usage(10, 5, Decimal("0.01"), 5, "completed"))
        passages = tuple(number for note in request.notes for number in note.passages)
        self.read += passages
        return (Note(text=f"What {id(self)} says.", heading="Part 1", passages=passages),)


@pytest.fixture
def reader(scene: Scene) -> Reader:
    made = Reader()
    scene.runtime.writer = made
    made.gate.set()
    return made


async def claims(scene: Scene, *platforms: str) -> list[Claim]:
    await scene.start(*platforms, text=LONG)
    return await scene.claim()


def of(scene: Scene, reader: Reader, claim: Claim) -> SharingWriter:
    return SharingWriter(reader, scene.db, claim, look_seconds=0.01)


async def usage(scene: Scene) -> list[dict[str, Any]]:
    return await scene.rows("SELECT thread_id FROM token_usage WHERE model = :model", model=MODEL)


async def test_each_piece_is_paid_for_once_by_the_thread_that_read_it(scene: Scene, reader: Reader) -> None:
    first, *_ = await scene.start("x", "linkedin", "blog", text=LONG)
    await scene.advance()
    assert sorted(reader.read) == sorted(set(reader.read)), "no passage was read twice"
    paid = await usage(scene)
    assert {row["thread_id"] for row in paid} == {first}
    assert len(await scene.rows("SELECT DISTINCT thread_id FROM drafts")) == 3
    await scene.start("email", text=LONG)
    await scene.advance()
    assert await usage(scene) == paid, "nor for another workflow of the same words"
    assert await remove_condensations(scene.db, scene.settings) == 0
    await scene.execute("UPDATE condensations SET created_at = now() - interval '8 days'")
    assert await remove_condensations(scene.db, scene.settings) == len(paid)


async def test_who_comes_second_waits_for_the_first(scene: Scene, reader: Reader) -> None:
    reader.gate.clear()
    both = [of(scene, reader, claim) for claim in await claims(scene, "x", "blog")]
    asked = [asyncio.create_task(each.condense(REQUEST, NullMeter())) for each in both]
    await reader.begun.wait()
    reader.gate.set()
    one, other = await asyncio.gather(*asked)
    assert one == other
    assert reader.read == [1]


async def test_what_was_begun_and_not_ended_falls_to_the_next(scene: Scene, reader: Reader) -> None:
    dead, failing, last = await claims(scene, "x", "blog", "linkedin")
    frozen = Reader()
    lost = asyncio.create_task(of(scene, frozen, dead).condense(REQUEST, NullMeter()))
    await frozen.begun.wait()
    await scene.execute(
        "UPDATE platform_states SET lease_until = now() - interval '1 s' WHERE id = :id", id=dead.thread_id
    )
    reader.fails = True
    with pytest.raises(RuntimeError):
        await of(scene, reader, failing).condense(REQUEST, NullMeter())
    found = await of(scene, reader, last).condense(REQUEST, NullMeter())
    assert reader.read == [1]
    frozen.gate.set()
    assert await lost == found, "who was overtaken goes on with what is kept"
