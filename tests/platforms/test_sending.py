"""What a server that is anybody's may answer: too much, too long, or what cannot be kept."""

import gzip
import json
from collections.abc import Mapping

import httpx
import pytest
from pydantic import JsonValue

from platforms.base import OutcomeUnknown, RateLimited, Refused, Unreachable
from platforms.sending import LONGEST_RETRY_SECONDS, RETRY_SECONDS, send


def words(body: Mapping[str, JsonValue]) -> str:
    return str(body.get("message", ""))


def answering(response: httpx.Response) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(lambda _: response))


@pytest.mark.parametrize(("publishes", "lost"), [(True, OutcomeUnknown), (False, Unreachable)])
async def test_an_answer_without_end_is_a_lost_one(publishes: bool, lost: type[Exception]) -> None:
    async with answering(httpx.Response(200, content=bytes(20_000_000))) as http:
        with pytest.raises(lost, match="larger than"):
            await send(http, "POST", "https://blog.example/", words=words, publishes=publishes)


async def test_a_compressed_answer_is_read_once() -> None:
    body = gzip.compress(json.dumps({"message": "Größe"}).encode())
    headers = {"X-Made-By": "us", "Content-Encoding": "gzip"}
    async with answering(httpx.Response(200, content=body, headers=headers)) as http:
        answer = await send(http, "GET", "https://blog.example/", words=words)
    assert (answer.json(), answer.headers["x-made-by"]) == ({"message": "Größe"}, "us")
    assert str(answer.url) == "https://blog.example/"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("9" * 400, LONGEST_RETRY_SECONDS),
        ("\u00b2", RETRY_SECONDS),
        ("soon", RETRY_SECONDS),
        (f"Mon, 1 Jan {'9' * 30} 00:00:00 GMT", RETRY_SECONDS),
        (f"Mon, 1 Jan 2040 00:00:00 +{'9' * 30}", RETRY_SECONDS),
        ("7", 7),
    ],
)
async def test_whatever_a_platform_asks_for_it_is_asked_again(header: str, seconds: float) -> None:
    headers = [(b"retry-after", header.encode("latin-1"))]
    async with answering(httpx.Response(429, headers=headers)) as http:
        with pytest.raises(RateLimited) as raised:
            await send(http, "POST", "https://blog.example/", words=words)
    assert raised.value.retry_after == seconds


async def test_words_that_cannot_be_kept_are_mended() -> None:
    body = json.dumps({"message": "No\0 \ud800 way"})
    async with answering(httpx.Response(422, content=body)) as http:
        with pytest.raises(Refused) as raised:
            await send(http, "POST", "https://blog.example/", words=words)
    assert raised.value.detail.encode() == "No\ufffd \ufffd way (HTTP 422)".encode()
