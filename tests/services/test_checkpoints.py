"""Our savers on LangGraph's tables, against LangGraph's own suite and its own saver."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from pydantic import JsonValue
from sqlalchemy import text

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
from core.db import SEARCH_PATH, SERVICE, Database
from graphs.context import ServiceContext
from graphs.loop import build
from graphs.run import End, Pause, Resume, Start, Step, Unfinished, advance, bind, look
from services.checkpoints import (
    COLUMNS,
    JOIN,
    WRITES,
    BufferedSaver,
    CheckpointRows,
    Loaded,
    PostgresSaver,
    load,
)

pytestmark = pytest.mark.database

_LOAD = text(f"SELECT {COLUMNS} FROM (SELECT CAST(:id AS uuid) AS id) c {JOIN}")


@dataclass
class Intruder:
    name: str


class Writer:
    async def write(self, request: WriteRequest, meter: Meter) -> Written:
        return Written(
            Content(content=f"Draft {request.sequence} 🎉"), Prompt("scripted", "Write", "ab" * 32)
        )


class Critic:
    async def judge(self, request: JudgeRequest, meter: Meter) -> Judgement:
        findings = {name: Finding(score=90, quote="", instruction="") for name in CRITERIA}
        return Judgement(findings, "Good.", Prompt("scripted", "Judge", "cd" * 32))


GRAPH = build("x")
CONTEXT = ServiceContext(writer=Writer(), critic=Critic(), meter=NullMeter())


@asynccontextmanager
async def stock_saver(database_url: str) -> AsyncIterator[AsyncPostgresSaver]:
    """As the service's role sees the tables."""
    options = f"-csearch_path={SEARCH_PATH} -crole={SERVICE}"
    connection = await AsyncConnection.connect(
        database_url, autocommit=True, row_factory=dict_row, options=options, prepare_threshold=0
    )
    async with connection:
        yield AsyncPostgresSaver(connection)


async def loaded(db: Database, thread_id: str) -> Loaded | None:
    async with db.service() as session:
        return load(dict((await session.execute(_LOAD, {"id": thread_id})).mappings().one()))


async def store(db: Database, thread_id: str, rows: CheckpointRows, *, held: bool = True) -> None:
    async with db.service() as session:
        fence = "fence AS (SELECT CAST(:id AS uuid) AS id WHERE :held)"
        write = text(f"WITH {', '.join((fence, *(WRITES[kind] for kind in rows.kinds())))} SELECT")
        await session.execute(write, {"id": thread_id, "held": held, **rows.parameters()})


async def select(
    db: Database, columns: str, thread_id: str, order: str = "1, 2, 3, 4"
) -> list[tuple[Any, ...]]:
    query = text(f"SELECT {columns} WHERE thread_id = :id ORDER BY {order}")
    async with db.service() as session:
        return [tuple(row) for row in await session.execute(query, {"id": thread_id})]


async def go(db: Database, thread_id: str, do: Start | Resume) -> Pause | End:
    """One advance as a worker makes it: read, run with no database, write once."""
    saver = BufferedSaver(await loaded(db, thread_id))
    reached = [r async for r in advance(GRAPH, saver, thread_id, do, CONTEXT)][-1]
    await store(db, thread_id, saver.take())
    assert not isinstance(reached, Step)
    return reached


def config(thread_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id}}


def start() -> Start:
    return Start({"source": {"text": "News."}})


def accept(pause: Pause | End) -> Resume:
    assert isinstance(pause, Pause)
    return Resume(pause.interrupt_id, {"decision": "accept"})


def published(pause: Pause | End) -> Resume:
    assert isinstance(pause, Pause)
    receipt: JsonValue = {"outcome": "published", "platform_post_id": "1", "url": "https://x.com/a/1"}
    return Resume(pause.interrupt_id, receipt)


def comparable(checkpoint: CheckpointTuple) -> CheckpointTuple:
    """Each task's writes in their order; the order of tasks is nobody's promise."""
    writes = sorted(checkpoint.pending_writes or (), key=lambda write: write[0])
    return checkpoint._replace(pending_writes=writes)


async def test_the_saver_conforms(db: Database) -> None:
    @checkpointer_test(name="PostgresSaver")
    async def saver() -> AsyncIterator[PostgresSaver]:
        yield PostgresSaver(db.service)

    report = await validate(saver)
    failures = [failure for result in report.results.values() for failure in result.failures or ()]
    assert failures == []
    assert report.passed_all_base()


async def test_each_reads_what_the_other_wrote(db: Database, database_url: str) -> None:
    thread_id = str(uuid4())
    async with stock_saver(database_url) as stock:
        review = await go(db, thread_id, start())
        assert await look(GRAPH, stock, thread_id) == review
        publish = [r async for r in advance(GRAPH, stock, thread_id, accept(review), CONTEXT)][-1]
        assert not isinstance(publish, Step)
        end = await go(db, thread_id, published(publish))
        assert await look(GRAPH, stock, thread_id) == end
    assert isinstance(end, End)
    assert end.outcome == "published"


async def test_the_history_is_the_same_through_both(db: Database, database_url: str) -> None:
    thread_id = str(uuid4())
    await go(db, thread_id, accept(await go(db, thread_id, start())))
    ours = [checkpoint async for checkpoint in PostgresSaver(db.service).alist(config(thread_id))]
    async with stock_saver(database_url) as stock:
        theirs = [checkpoint async for checkpoint in stock.alist(config(thread_id))]
    assert list(map(comparable, ours)) == list(map(comparable, theirs))
    assert [checkpoint.metadata["step"] for checkpoint in ours] == [3, 2, 1, 0, -1]


async def test_the_rows_are_laid_out_as_the_stock_savers(db: Database, database_url: str) -> None:
    """One thread written by each, the same checkpoints and writes: only the thread's id differs."""
    ours, theirs = str(uuid4()), str(uuid4())
    await go(db, ours, start())
    history = [checkpoint async for checkpoint in PostgresSaver(db.service).alist(config(ours))]
    async with stock_saver(database_url) as stock:
        for checkpoint in reversed(history):
            parent = (
                checkpoint.parent_config["configurable"]
                if checkpoint.parent_config
                else {"checkpoint_ns": ""}
            )
            put: RunnableConfig = {"configurable": {**parent, "thread_id": theirs}}
            versions = checkpoint.checkpoint["channel_versions"]
            saved = await stock.aput(put, checkpoint.checkpoint, checkpoint.metadata, versions)
            for task_id in {write[0] for write in checkpoint.pending_writes or ()}:
                writes = [
                    (channel, value)
                    for task, channel, value in checkpoint.pending_writes or ()
                    if task == task_id
                ]
                await stock.aput_writes(saved, writes, task_id)
    for query in (
        "checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata FROM checkpoints",
        "checkpoint_ns, channel, version, type, blob FROM checkpoint_blobs",
        "checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob FROM checkpoint_writes",
    ):
        rows = {thread_id: await select(db, query, thread_id) for thread_id in (ours, theirs)}
        assert rows[ours] == rows[theirs]
        assert rows[ours]


async def test_plain_values_stay_in_the_checkpoint(db: Database) -> None:
    thread_id = str(uuid4())
    review = await go(db, thread_id, start())
    ((inline,), *_) = await select(
        db, "checkpoint -> 'channel_values' FROM checkpoints", thread_id, "checkpoint_id DESC"
    )
    apart = {channel for (channel,) in await select(db, "channel FROM checkpoint_blobs", thread_id, "1")}
    assert inline["active_draft_id"] == review.state["active_draft_id"]
    assert inline["round"] == 1
    assert {"drafts", "evaluations", "source"} <= apart
    assert not apart & inline.keys()


async def test_without_the_fence_nothing_is_written(db: Database) -> None:
    thread_id = str(uuid4())
    saver = BufferedSaver()
    async for _ in advance(GRAPH, saver, thread_id, start(), CONTEXT):
        pass
    rows = saver.take()
    await store(db, thread_id, rows, held=False)
    assert await loaded(db, thread_id) is None
    await store(db, thread_id, rows)
    await store(db, thread_id, rows)
    assert await loaded(db, thread_id) is not None, "and the same commit twice is one"


async def test_what_was_taken_after_any_step_is_enough_to_go_on(db: Database) -> None:
    thread_id = str(uuid4())
    saver = BufferedSaver()
    async for reached in advance(GRAPH, saver, thread_id, start(), CONTEXT):
        if isinstance(reached, Step):
            await store(db, thread_id, saver.take())
            found = await look(GRAPH, BufferedSaver(await loaded(db, thread_id)), thread_id)
            assert isinstance(found, Unfinished)
            assert found.nodes == {"generate": ("evaluate",), "evaluate": ("human_review",)}[reached.node]
            assert found.state == reached.state
    assert saver.take().writes, "the pause itself"
    assert saver.take() == CheckpointRows()


async def test_of_special_writes_the_last_counts_of_a_tasks_results_the_first(db: Database) -> None:
    thread_id = str(uuid4())
    saver = BufferedSaver()
    checkpoint = await bind(GRAPH, saver).aupdate_state(config(thread_id), {"round": 1}, as_node="generate")

    async def write(saver: BufferedSaver | PostgresSaver, value: str) -> None:
        await saver.aput_writes(checkpoint, [("feedback", value)], "task")
        await saver.aput_writes(checkpoint, [("__error__", value)], "task")

    def written(found: CheckpointTuple | None) -> list[tuple[str, str, Any]]:
        assert found is not None
        return [w for w in found.pending_writes or () if w[0] == "task"]

    for value in ("first", "second"):
        await write(saver, value)
    await store(db, thread_id, saver.take())
    await write(saver, "third")
    await store(db, thread_id, saver.take())
    expected = [("task", "__error__", "third"), ("task", "feedback", "first")]
    assert written(await saver.aget_tuple(config(thread_id))) == expected
    assert written(await PostgresSaver(db.service).aget_tuple(config(thread_id))) == expected


async def test_a_tuple_that_a_run_changes_does_not_change_the_savers(db: Database) -> None:
    thread_id = str(uuid4())
    review = await go(db, thread_id, start())
    saver = BufferedSaver(await loaded(db, thread_id))
    found = await saver.aget_tuple(config(thread_id))
    assert found is not None
    found.checkpoint["channel_values"].clear()
    found.metadata["step"] = 99
    assert await look(GRAPH, saver, thread_id) == review


async def test_a_run_s_saver_answers_for_the_latest_checkpoint_only() -> None:
    thread_id = str(uuid4())
    saver = BufferedSaver()
    assert await saver.aget_tuple(config(thread_id)) is None
    first = await bind(GRAPH, saver).aupdate_state(config(thread_id), {"round": 1}, as_node="generate")
    await bind(GRAPH, saver).aupdate_state(config(thread_id), {"round": 2}, as_node="generate")
    with pytest.raises(LookupError):
        await saver.aget_tuple(first)


async def test_what_a_run_saves_comes_after_what_it_goes_on_from_whatever_the_clock_says() -> None:
    """The latest id is the latest checkpoint, also when a worker made it whose clock is an hour ahead."""
    thread_id = str(uuid4())
    saver = BufferedSaver()
    graph_config = config(thread_id)
    await bind(GRAPH, saver).aupdate_state(graph_config, {"round": 1}, as_node="generate")
    found = await saver.aget_tuple(graph_config)
    assert found is not None
    hour = 3600 * 10_000_000 >> 12 << 80  # a UUIDv6 counts in 100 ns; its version follows after 48 bits
    ahead = str(UUID(int=UUID(found.checkpoint["id"]).int + hour))
    theirs = found._replace(
        config={"configurable": {**config(thread_id)["configurable"], "checkpoint_id": ahead}},
        checkpoint={**found.checkpoint, "id": ahead},
    )
    saver = BufferedSaver(Loaded(theirs, {}))
    await bind(GRAPH, saver).aupdate_state(graph_config, {"round": 2}, as_node="generate")
    assert saver.latest_id is not None
    assert saver.latest_id > ahead


async def test_ones_own_objects_are_never_made_from_the_tables(db: Database, database_url: str) -> None:
    """Whoever can write to the tables cannot have code run in the worker."""
    thread_id = str(uuid4())
    async with stock_saver(database_url) as stock:
        await bind(GRAPH, stock).aupdate_state(
            config(thread_id), {"source": Intruder("x")}, as_node="__start__"
        )
    found = await PostgresSaver(db.service).aget_tuple(config(thread_id))
    assert found is not None
    assert not isinstance(found.checkpoint["channel_values"]["source"], Intruder)
