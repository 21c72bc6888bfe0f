"""The simulated transcription says what it was told to say, at the time that it hears."""

import httpx

from simulators.app import create_app
from tests.plugins.transcription import Record

PATH = "/transcriptions/v1/audio/transcriptions"


async def test_it_says_its_script_for_the_seconds_that_it_hears(record: Record) -> None:
    late = record("late.wav", "-ss", "8", seconds=20)
    sent = {"file": ("piece.wav", late.read_bytes(), "audio/wav")}
    asked = {"model": "whisper-1", "response_format": "verbose_json"}
    script = [{"start": 0, "end": 7, "text": "Before."}, {"start": 10, "end": 12, "text": "Two words"}]
    simulators = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=simulators, base_url="http://simulators") as http:
        assert (await http.put("/transcriptions/script", json=script)).status_code == 204
        assert (await http.put("/transcriptions/script", json=[{"start": 0}])).status_code == 422
        heard = (await http.post(PATH, data=asked, files=sent)).json()
        plain = (await http.post(PATH, data={"model": "whisper-1"}, files=sent)).json()
        timeless = await http.post(PATH, data={**asked, "model": "gpt-4o-transcribe"}, files=sent)
        nothing = await http.post(PATH, data=asked)
    (segment,) = heard["segments"]
    assert segment["text"] == "Two words"
    assert abs(segment["start"] - 2) < 0.3
    assert plain == {"text": "Two words"}
    assert (timeless.status_code, timeless.json()["error"]["code"]) == (400, "unsupported_value")
    assert nothing.status_code == 400
