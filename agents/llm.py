"""One call to a language model: structured, streamed, metered, retried. Any OpenAI-compatible server will do."""

import asyncio
import time
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, Final, Literal, TypeVar

import openai
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr
from uuid_utils.compat import uuid7

from agents.base import Meter, ModelCall, Prompt, Service, Usage
from agents.failures import Failure, RefusedAnswer, failure_of
from agents.persistence import persist
from agents.prompt import Question
from agents.stream import Heard
from core.settings import ModelPrice, Settings

MAX_OUTPUT_TOKENS: Final = 16_384
"""Sent with each call, reasoning included: a call's cost has an upper bound only because its answer has one."""
OVERHEAD_TOKENS: Final = 1_024
"""For the answer's schema and the messages' frames."""

AnswerT = TypeVar("AnswerT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Model:
    """A language model in one of the services, with its price and its patience."""

    service: Service
    name: str
    chat: ChatOpenAI
    price: ModelPrice | None
    timeout_seconds: float
    """For one attempt, from the request to the last token."""
    retries: int

    async def ask(
        self, question: Question, answer: type[AnswerT], meter: Meter, watched: str | None = None
    ) -> tuple[AnswerT, Prompt]:
        """`watched` names the string field whose text is passed on to the meter as it grows; it starts anew with
        each attempt, which is a call of its own. Raises ModelFailed, or what the meter's `before` raises."""
        prompt = question.prompt(self.name)
        attempt = partial(self._attempt, question, prompt, answer, meter, watched)
        return await persist(attempt, self.name, self.retries), prompt

    async def _attempt(
        self, question: Question, prompt: Prompt, answer: type[AnswerT], meter: Meter, watched: str | None
    ) -> AnswerT | Failure:
        call = ModelCall(uuid7(), self.service, self.name, prompt.hash, self._bound(prompt))
        await meter.before(call)
        heard = Heard(watched)
        started = time.monotonic()
        status: Literal["completed", "failed", "cancelled"] = "failed"
        try:
            async with asyncio.timeout(self.timeout_seconds):
                await self._listen(question, answer, call, meter, heard)
            parsed = answer.model_validate_json(heard.text)
            status = "completed"
        except asyncio.CancelledError:
            status = "cancelled"
            raise
        except (openai.OpenAIError, RefusedAnswer, TimeoutError, ValueError) as error:
            failure = failure_of(error)
            heard.unanswered, heard.exhausted = failure.unanswered, failure.exhausted
            return failure
        finally:
            spent = heard.tokens(prompt.text, MAX_OUTPUT_TOKENS)
            latency = round((time.monotonic() - started) * 1000)
            usage = Usage(spent.input, spent.output, self._cost(spent.input, spent.output), latency, status)
            # Shielded: tokens that were paid for are recorded although the run is being cancelled.
            await asyncio.shield(meter.after(call, usage))
        return parsed

    async def _listen(
        self, question: Question, answer: type[BaseModel], call: ModelCall, meter: Meter, heard: Heard
    ) -> None:
        messages = [SystemMessage(question.system), HumanMessage(question.user)]
        async for chunk in self.chat.astream(messages, response_format=_schema(answer)):
            if chunk.additional_kwargs.get("refusal"):
                raise RefusedAnswer
            heard.take(chunk.text, chunk.usage_metadata)
            if piece := heard.news():
                await meter.delta(call, piece)

    def _bound(self, prompt: Prompt) -> Decimal | None:
        """A token is at least one byte of text, so this is never too low."""
        return self._cost(len(prompt.text.encode()) + OVERHEAD_TOKENS, MAX_OUTPUT_TOKENS)

    def _cost(self, input_tokens: int, output_tokens: int) -> Decimal | None:
        if self.price is None:
            return None
        cost = (input_tokens * self.price.input + output_tokens * self.price.output) / 1_000_000
        return cost.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def model(settings: Settings, service: Service, name: str) -> Model:
    chat = ChatOpenAI(
        model=name,
        # A server of one's own often wants no key, and the client will not start without one.
        api_key=settings.openai_api_key or SecretStr("none"),
        base_url=settings.openai_base_url,
        timeout=settings.model_timeout_seconds,
        max_retries=0,
        stream_usage=True,
        use_responses_api=False,
        max_completion_tokens=MAX_OUTPUT_TOKENS,
        # The library shares one connection pool per process, which breaks as soon as there are two event loops.
        http_async_client=openai.DefaultAsyncHttpxClient(timeout=settings.model_timeout_seconds),
    )
    price = settings.model_prices.get(name)
    return Model(service, name, chat, price, settings.model_timeout_seconds, settings.model_retries)


def _schema(answer: type[BaseModel]) -> dict[str, Any]:
    name = answer.__name__.lower()
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "strict": True, "schema": answer.model_json_schema()},
    }
