"""A source that does not fit is read piece by piece, and the notes keep the numbers of the passages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from agents.base import CondenseRequest, Meter, Note, Source
from agents.offline.critic import OfflineCritic
from agents.offline.writer import OfflineWriter
from agents.passages import passages, size
from graphs.condensing import passes_at_most
from graphs.run import Continue, End, Pause
from tests.graphs.conftest import ScriptedWriter, Thread

if TYPE_CHECKING:
    from graphs.state import State

WINDOW = 400
SECTIONS = [
    f"## Part {part}\n\n"
    + " ".join(
        f"In {1900 + 10 * part + year} the harbour number {part} took in {part}{year} ships from the town of Lund."
        for year in range(9)
    )
    for part in range(1, 13)
]
LONG = "\n\n".join(SECTIONS)


@dataclass
class Reader(ScriptedWriter):
    """Notes of so many words for each passage; fails when told to."""

    window_words: int = WINDOW
    words: int = 12
    read: list[tuple[Note, ...]] = field(default_factory=list)
    fail_at: int | None = None

    def condensing_prompt(self, request: CondenseRequest) -> None:
        return None

    async def condense(self, request: CondenseRequest, meter: Meter) -> tuple[Note, ...]:
        if len(self.read) == self.fail_at:
            self.fail_at = None
            raise RuntimeError("cut off")
        self.read.append(request.notes)
        return tuple(
            Note(text="word " * self.words, heading=note.heading, passages=note.passages)
            for note in request.notes
        )


def covered(notes: Sequence[Note]) -> list[int]:
    return [number for note in notes for number in note.passages]


def reached(thread: Thread) -> "State":
    assert isinstance(thread.at, Pause | End)
    return thread.at.state


async def test_a_short_source_takes_no_step_more(thread: Thread) -> None:
    thread.writer = Reader()
    await thread.start(" ".join(["word"] * WINDOW))
    assert thread.nodes == ["generate", "evaluate"]
    assert not reached(thread).get("notes")


async def test_a_long_source_is_mapped_to_notes_that_the_writer_reads(thread: Thread) -> None:
    thread.writer = reader = Reader()
    await thread.start(LONG)
    assert thread.nodes[0] == "generate"
    assert set(thread.nodes[1:-2]) == {"condense"}
    assert thread.nodes[-2:] == ["generate", "evaluate"]
    everything = [passage.number for passage in passages(Source(text=LONG))]
    assert [number for piece in reader.read for number in covered(piece)] == everything
    assert all(sum(size(note.text) for note in piece) <= WINDOW for piece in reader.read)
    (asked,) = reader.asked
    assert covered(asked.brief.notes) == everything
    assert {note.heading for note in asked.brief.notes} == {f"Part {part}" for part in range(1, 13)}
    assert thread.critic.asked[0].brief.notes == asked.brief.notes
    await thread.answer({"decision": "regenerate", "feedback": "Shorter."})
    assert thread.nodes == ["human_review", "generate", "evaluate"]


async def test_notes_that_are_still_too_long_are_reduced(thread: Thread) -> None:
    thread.writer = reader = Reader(words=50)
    await thread.start(LONG)
    (asked,) = reader.asked
    again = [note for piece in reader.read for note in piece if note.text.startswith("word")]
    assert covered(again) == [passage.number for passage in passages(Source(text=LONG))]
    assert sum(size(note.text) for note in asked.brief.notes) <= WINDOW


@pytest.mark.parametrize("fail_at", [2, 5])
async def test_what_was_read_is_not_read_again(thread: Thread, fail_at: int) -> None:
    thread.writer = reader = Reader(fail_at=fail_at)
    with pytest.raises(RuntimeError):
        await thread.start(LONG)
    before = len(reader.read)
    await thread.go(Continue())
    read = [number for piece in reader.read for number in covered(piece)]
    everything = [passage.number for passage in passages(Source(text=LONG))]
    assert sorted(set(read)) == everything
    assert len(read) - len(everything) <= before
    assert covered(reader.asked[0].brief.notes) == everything


async def test_without_a_model_the_sentences_stay_and_lead_back(thread: Thread) -> None:
    offline = Thread(OfflineWriter(window_words=WINDOW), OfflineCritic())  # type: ignore[arg-type]  # they are no scripts
    await offline.start(LONG, max_rounds=1)
    state = reached(offline)
    assert "condense" in offline.nodes
    assert sum(size(note["text"]) for note in state["notes"] or ()) <= WINDOW
    assert len({note["heading"] for note in state["notes"] or ()}) > 6
    cut = {passage.number: passage.text for passage in passages(Source(text=LONG))}
    (draft,) = state["drafts"]
    assert draft["provenance"]
    for ground in draft["provenance"]:
        assert ground["quote"] in draft["content"]
        assert ground["source_quote"] in cut[ground["passage"]]
    assert state["evaluations"][0]["ungrounded"] == []


@pytest.mark.parametrize("words", [10, 50, 500])
async def test_no_more_calls_are_made_than_were_foreseen(thread: Thread, words: int) -> None:
    thread.writer = reader = Reader(words=words)
    await thread.start(LONG)
    foreseen = passes_at_most(Source(text=LONG), WINDOW)
    assert 0 < len(reader.read) <= sum(each.calls for each in foreseen)
    read = sum(size(note.text) for piece in reader.read for note in piece)
    assert read <= sum(each.share for each in foreseen) * size(LONG)
    assert passes_at_most(Source(text="Short."), WINDOW) == []
