"""Speech to text over real HTTP, and quotable passages, with everything that may go wrong on the way."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from agents.base import ModelFailed, ModelRefused
from agents.choose import quoter_for
from agents.transcriber import Piece, Transcriber, configured, transcriber
from core.errors import BudgetExceeded
from core.settings import Settings
from simulators.transcriptions import Said
from tests.agents.conftest import Ledger
from tests.plugins.openai_server import Answer, OpenAIServer
from tests.plugins.transcription import Record, TranscriptionServer

TALK = (
    "Good morning, and thank you all for coming. The build fell from 40 to 9 seconds in one week. "
    "Nobody waits for it any more.\n\n"
    "We deleted half of the tests that never failed in 3 years. They had only slowed us down, of course. "
    "Is there a question? The team of 12 people now ships 5 times a day instead of once."
)


@pytest.fixture
def piece(record: Record) -> Piece:
    path: Path = record("piece.wav", "-ar", "16000", seconds=30)
    return Piece(path.read_bytes(), 30)


@asynccontextmanager
async def hearing(server: TranscriptionServer, **settings: object) -> AsyncIterator[Transcriber]:
    given = {"transcription_base_url": server.base_url} | settings
    async with transcriber(Settings.model_validate(given)) as made:
        yield made


async def test_it_hears_segments_and_meters_the_minutes(
    transcription_server: TranscriptionServer, piece: Piece, ledger: Ledger
) -> None:
    transcription_server.speak("One two three.", "Four five.")
    transcription_server.said.refusals = [429, 503]
    async with hearing(transcription_server) as model:
        heard = await model.transcribe(piece, ledger)
    assert [one.text for one in heard.segments] == ["One two three.", "Four five."]
    assert heard.segments[1].start == pytest.approx(5, abs=0.3)
    assert heard.language == "english"
    assert ledger.statuses == ["failed", "failed", "completed"]
    assert [usage.cost_usd for _, usage in ledger.usages] == [Decimal(0), Decimal(0), Decimal("0.003")]
    assert {(call.service, call.model) for call in ledger.calls} == {("transcriber", "whisper-1")}
    assert len({call.prompt_hash for call in ledger.calls}) == 1


@pytest.mark.parametrize(
    ("model", "refusals", "remedy"),
    [
        ("gpt-4o-transcribe", [], "verbose_json with segments"),
        ("whisper-1", [401], "PROOFROOM_TRANSCRIPTION_API_KEY"),
        ("whisper-1", [404], "PROOFROOM_TRANSCRIPTION_BASE_URL"),
        ("whisper-1", [413], "take files of 25 MB"),
    ],
)
async def test_what_does_not_pass_says_what_to_change(
    transcription_server: TranscriptionServer,
    piece: Piece,
    ledger: Ledger,
    model: str,
    refusals: list[int],
    remedy: str,
) -> None:
    transcription_server.said.refusals = refusals
    key = SecretStr("sk-very-secret")
    async with hearing(transcription_server, transcription_model=model, transcription_api_key=key) as refused:
        with pytest.raises(ModelRefused) as failure:
            await refused.transcribe(piece, ledger)
    assert remedy in (failure.value.remedy or "")
    assert "sk-very-secret" not in f"{failure.value.detail} {failure.value.remedy}"
    assert ledger.statuses == ["failed"]


async def test_it_gives_up_in_the_end_and_asks_nothing_beyond_the_budget(
    transcription_server: TranscriptionServer, piece: Piece, ledger: Ledger
) -> None:
    transcription_server.said.refusals = [500] * 5
    async with hearing(transcription_server, model_retries=1) as model:
        with pytest.raises(ModelFailed, match="HTTP 500 after 2 attempts"):
            await model.transcribe(piece, ledger)
        ledger.refusal = BudgetExceeded("0.001 USD are left this month.")
        with pytest.raises(BudgetExceeded):
            await model.transcribe(piece, ledger)
    assert transcription_server.said.refusals == [500] * 3


async def test_the_language_models_key_goes_to_its_own_server_only(
    transcription_server: TranscriptionServer, piece: Piece, ledger: Ledger
) -> None:
    key = SecretStr("sk-of-the-language-model")
    async with hearing(transcription_server, openai_api_key=key) as model:
        await model.transcribe(piece, ledger)
    (sent,) = transcription_server.said.keys
    assert sent == "Bearer none"


async def test_a_cancelled_call_is_on_the_record(
    transcription_server: TranscriptionServer, piece: Piece, ledger: Ledger
) -> None:
    transcription_server.said.pause = 5
    async with hearing(transcription_server) as model:
        task = asyncio.create_task(model.transcribe(piece, ledger))
        while not transcription_server.said.keys:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [(usage.status, usage.cost_usd) for _, usage in ledger.usages] == [("cancelled", Decimal("0.003"))]


async def test_what_a_model_imagines_in_silence_was_not_said(
    transcription_server: TranscriptionServer, piece: Piece, ledger: Ledger
) -> None:
    imagined = {"no_speech_prob": 0.9, "avg_logprob": -1.4}
    transcription_server.said.script = [
        Said(start=1, end=3, text="This was said."),
        Said(start=20, end=22, text="Thanks for watching!"),
    ]
    transcription_server.said.doubts = {"Thanks for watching!": imagined}
    async with hearing(transcription_server) as model:
        heard = await model.transcribe(piece, ledger)
    assert [one.text for one in heard.segments] == ["This was said."]


def test_whether_anything_transcribes_follows_from_the_settings() -> None:
    assert not configured(Settings())
    assert not configured(Settings(offline=True, openai_api_key=SecretStr("sk")))
    assert configured(Settings(openai_base_url="http://127.0.0.1:1/v1"))
    assert configured(Settings(offline=True, transcription_base_url="http://127.0.0.1:1/v1"))
    assert configured(Settings(transcription_model="local:small"))


async def test_offline_quotes_stand_alone_and_are_word_for_word(ledger: Ledger) -> None:
    quotes = await quoter_for(Settings(offline=True)).quotes(TALK, 3, ledger)
    assert set(quotes) == {
        "The build fell from 40 to 9 seconds in one week.",
        "We deleted half of the tests that never failed in 3 years.",
        "The team of 12 people now ships 5 times a day instead of once.",
    }
    assert quotes == await quoter_for(Settings(offline=True)).quotes(TALK, 3, ledger)
    assert {call.service for call in ledger.calls} == {"quoter"}
    assert await quoter_for(Settings(offline=True)).quotes(" \n\n ", 3, ledger) == []


async def test_a_models_quotes_are_the_speakers_own_words_or_left_out(
    openai_server: OpenAIServer, model_settings: Settings, ledger: Ledger
) -> None:
    said = [
        "the build fell from 40 to 9  seconds in one week",
        "Nobody ever said this in any meeting at all",
        "fell from 40 to 9 seconds",
        "We deleted half the tests that never failed in 3 years.",
        "Nobody waits for it any more. We deleted half",
    ]
    openai_server.script(Answer({"quotes": said}), kind="quotes")
    quotes = await quoter_for(model_settings).quotes(TALK, 10, ledger)
    assert quotes == [
        "The build fell from 40 to 9 seconds in one week",
        "We deleted half of the tests that never failed in 3 years.",
    ]
    assert all(quote in TALK for quote in quotes)
    (asked,) = openai_server.journal
    assert TALK in asked.user


async def test_a_long_transcript_is_read_in_parts_that_each_give_their_best(
    openai_server: OpenAIServer, model_settings: Settings, ledger: Ledger
) -> None:
    said = [["The build fell from 40 to 9 seconds in one week."], ["We deleted half of the tests"]]
    openai_server.script(*[Answer({"quotes": quotes}) for quotes in said], kind="quotes")
    short = model_settings.model_copy(update={"model_window_words": 30})
    assert await quoter_for(short).quotes(TALK, 10, ledger) == [quote for (quote,) in said]
    assert len(openai_server.journal) == 2


async def test_a_model_on_this_machine_is_asked_where_its_package_is_installed(
    piece: Piece, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("faster_whisper.py").write_text(
        "from types import SimpleNamespace as Some\n"
        "import wave\n"
        "class WhisperModel:\n"
        "    def __init__(self, name, compute_type):\n"
        "        if name != 'small': raise ValueError(name)\n"
        "    def transcribe(self, audio):\n"
        "        if not audio.getvalue(): raise RuntimeError('CUDA failed: out of memory')\n"
        "        assert wave.open(audio).getframerate() == 16000\n"
        "        said = [Some(start=0.0, end=2.0, text=' Hello.'), Some(start=2.0, end=3.0, text=' ')]\n"
        "        return iter(said), Some(language='en')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "faster_whisper", raising=False)
    try:
        async with transcriber(Settings(transcription_model="local:small")) as model:
            heard = await model.transcribe(piece, ledger)
            with pytest.raises(ModelFailed, match=r"local:small broke off \(RuntimeError\)"):
                await model.transcribe(replace(piece, audio=b""), ledger)
        async with transcriber(Settings(transcription_model="local:small")) as again:
            assert again == model, "loaded once"
        with pytest.raises(ModelRefused, match="local:huge could not be loaded"):
            async with transcriber(Settings(transcription_model="local:huge")):
                pass
    finally:
        sys.modules.pop("faster_whisper", None)
    assert heard.language == "en"
    assert [(one.start, one.end, one.text) for one in heard.segments] == [(0.0, 2.0, " Hello.")]
    assert [(usage.status, usage.cost_usd) for _, usage in ledger.usages] == [
        ("completed", Decimal(0)),
        ("failed", Decimal(0)),
    ]
    assert {call.model for call in ledger.calls} == {"local:small"}
