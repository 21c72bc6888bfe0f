"""A small OpenAI-compatible server on loopback: scripted where a test says so, plausible where it does not."""

import asyncio
import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.patience import PATIENCE_SECONDS


@dataclass(frozen=True)
class Answer:
    """What the server does with one request. `content` None: the default answer; a dict is sent as JSON."""

    content: str | dict[str, Any] | None = None
    status: int = 200
    code: str | None = None
    """The error's code, when the status is not 200."""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    """Seconds before the first byte."""
    when: threading.Event | None = None
    """Before it, the first byte is not sent."""
    chunk_delay: float = 0
    cut_after: int | None = None
    """Pieces of content after which the connection is closed without a word."""
    usage: tuple[int, int] | None = (120, 80)
    """Input and output tokens; None: not reported."""
    finish: str = "stop"
    refusal: str | None = None


@dataclass(frozen=True)
class Asked:
    """One request as it arrived. `kind` is the schema's name: post, article or judgment."""

    kind: str
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def system(self) -> str:
        return str(self.body["messages"][0]["content"])

    @property
    def user(self) -> str:
        return str(self.body["messages"][-1]["content"])


class OpenAIServer:
    """Base URL for OPENAI_BASE_URL, a script that is worked off in order, and a journal of what was asked."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.journal: list[Asked] = []
        self._script: list[tuple[str | None, Answer]] = []
        self._lock = threading.Lock()

    def script(self, *answers: Answer, kind: str | None = None) -> None:
        """Each answers one of the coming requests (of this kind); without a script left, the default does."""
        with self._lock:
            self._script += [(kind, answer) for answer in answers]

    def take(self, asked: Asked) -> Answer:
        with self._lock:
            self.journal.append(asked)
            for index, (kind, answer) in enumerate(self._script):
                if kind in {None, asked.kind}:
                    del self._script[index]
                    return answer
        return Answer()


@pytest.fixture
def openai_server() -> Iterator[OpenAIServer]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = OpenAIServer(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
    config = uvicorn.Config(_app(server), log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    runner = uvicorn.Server(config)
    thread = threading.Thread(target=runner.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not runner.started:
        time.sleep(0.005)
    yield server
    runner.should_exit = True
    thread.join(PATIENCE_SECONDS)
    listener.close()


def _app(server: OpenAIServer) -> Starlette:
    async def complete(request: Request) -> Response:
        body = await request.json()
        kind = body.get("response_format", {}).get("json_schema", {}).get("name", "text")
        asked = Asked(kind, body, dict(request.headers))
        answer = server.take(asked)
        await asyncio.sleep(answer.delay)
        if answer.when is not None:
            await asyncio.to_thread(answer.when.wait, PATIENCE_SECONDS)
        if answer.status != 200:
            error = {
                "message": f"refused: {asked.user[:60]}",
                "type": "error",
                "code": answer.code,
                "param": None,
            }
            return JSONResponse({"error": error}, answer.status, headers=answer.headers)
        content = default_content(asked) if answer.content is None else answer.content
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        if body.get("stream"):
            return StreamingResponse(_stream(body, text, answer), media_type="text/event-stream")
        message = {"role": "assistant", "content": text, "refusal": answer.refusal}
        return JSONResponse(
            _frame(body, "chat.completion")
            | {"choices": [{"index": 0, "message": message, "finish_reason": answer.finish}]}
            | {"usage": _usage(answer)}
        )

    return Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])])


async def _stream(body: dict[str, Any], text: str, answer: Answer) -> AsyncIterator[str]:
    def event(choices: list[dict[str, Any]], **more: Any) -> str:
        frame = _frame(body, "chat.completion.chunk") | {"choices": choices} | more
        return f"data: {json.dumps(frame)}\n\n"

    def delta(content: dict[str, Any], finish: str | None = None) -> list[dict[str, Any]]:
        return [{"index": 0, "delta": content, "finish_reason": finish}]

    yield event(delta({"role": "assistant", "content": ""}))
    if answer.refusal:
        yield event(delta({"refusal": answer.refusal}))
    for number, piece in enumerate(re.findall(r"(?s).{1,24}", text)):
        if number == answer.cut_after:
            raise ConnectionError("cut on purpose")
        yield event(delta({"content": piece}))
        await asyncio.sleep(answer.chunk_delay)
    yield event(delta({}, answer.finish))
    if answer.usage and body.get("stream_options", {}).get("include_usage"):
        yield event([], usage=_usage(answer))
    yield "data: [DONE]\n\n"


def _frame(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-test", "object": kind, "created": 1, "model": body["model"]}


def _usage(answer: Answer) -> dict[str, int] | None:
    if answer.usage is None:
        return None
    sent, received = answer.usage
    return {"prompt_tokens": sent, "completion_tokens": received, "total_tokens": sent + received}


def default_content(asked: Asked) -> dict[str, Any]:
    """A draft made of the article's own sentences, another one for every other prompt, or a judgment of 84 to 92."""
    if asked.kind == "judgment":
        return judgment(quote=_material(asked.user, "draft").strip()[:60])
    sentences = _sentences(_material(asked.user, "article"))
    turn = int(hashlib.sha256(asked.user.encode()).hexdigest(), 16) % len(sentences)
    sentences = sentences[turn:] + sentences[:turn]
    limit = int(_found(r"At most (\d+) ", asked.system, "280"))
    if asked.kind == "article":
        half = len(sentences[:12]) // 2
        body = (
            f"{' '.join(sentences[:half])}\n\n## {_heading(sentences[-1])}\n\n{' '.join(sentences[half:12])}"
        )
        title = _heading(sentences[0])
        tags = ["Drafts", "Tests"]
        return {
            "title": title,
            "content": body,
            "excerpt": sentences[0][:200],
            "tags": tags,
            "keywords": tags,
        }
    chosen, room = [], min(limit, 900) - 20
    for sentence in sentences[:8]:
        if len(sentence) < room:
            chosen.append(sentence)
            room -= len(sentence) + 2
    text = " ".join(chosen) if limit < 500 else "\n\n".join(chosen)
    return {"content": text or sentences[0][: limit // 2]}


def judgment(
    score: int = 86,
    quote: str = "",
    instruction: str = "Name the number in the first sentence.",
    **scores: int,
) -> dict[str, Any]:
    """A critic's answer; keyword arguments set single criteria."""
    criteria = ("platform_appropriateness", "style_consistency", "clarity", "engagement", "grammar")
    return {
        name: {"quote": quote, "instruction": instruction, "score": scores.get(name, score)}
        for name in criteria
    } | {"feedback": "Clear and to the point."}


def _material(user: str, name: str) -> str:
    return _found(rf'(?s)<data name="{name}[^"]*" fence="(?:[0-9a-f]+)">\n(.*?)\n</data fence=', user, user)


def _sentences(text: str) -> list[str]:
    plain = re.sub(r"(?m)^(?:\[[\d, ]+\] )?(#+ .*|Title: .*|URL: .*|$)", "", text)
    plain = re.sub(r"(?m)^\[[\d, ]+\] ", "", plain)
    return [" ".join(part.split()) for part in re.split(r"(?<=[.!?])\s+", plain) if part.strip()] or [
        text.strip()
    ]


def _heading(sentence: str) -> str:
    return " ".join(sentence.split()[:8]).rstrip(".,;:")[:120]


def _found(pattern: str, text: str, otherwise: str) -> str:
    match = re.search(pattern, text)
    return match.group(1) if match else otherwise
