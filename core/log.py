"""Logs as JSON lines on standard error, with the ids of what is being worked on, without secrets or drafts.

Bind ids with `structlog.contextvars.bound_contextvars(workflow_id=…, thread_id=…)`; log with
`structlog.get_logger()`, an event in a few words and facts as keywords, never a person's text.
"""

import logging
import logging.config
import re
import sys
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from core.settings import Settings

_HIDDEN = "[hidden]"
_HIDDEN_NAMES = re.compile(
    r"password|passwd|secret|token(?!s)|authorization|cookie|credential|api_?key|signature"
    r"|(^|_)(content|text|draft|prompt|body|brief|source|feedback|comment|email)$",
    re.IGNORECASE,
)
_SECRETS = (
    (re.compile(r"\b(Bearer|Basic|Ghost)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    (re.compile(r"\b(prk_|sk-|gh[pousr]_)[\w-]{6,}"), _HIDDEN),
    (re.compile(r"\bwhsec_[\w+/=-]{6,}"), _HIDDEN),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), _HIDDEN),
    (re.compile(r"(://[^\s:/@]*):[^\s/]+@"), rf"\1:{_HIDDEN}@"),
    (
        re.compile(
            r"([?&](?:code|auth|sig|[\w-]*(?:token|key|signature|password|secret|credential))=)[^&\s\"']+",
            re.IGNORECASE,
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"(/auth/link/)[^\s/?\"']+"), rf"\1{_HIDDEN}"),
    # PostgreSQL quotes the row or the value that it refuses, in as many lines as that has.
    (
        re.compile(
            r"\b(DETAIL|CONTEXT):  .*?(?=\n(?:HINT:|CONTEXT:|\[SQL|\(Background|The above|During|Traceback)|\Z)",
            re.DOTALL,
        ),
        rf"\1: {_HIDDEN}",
    ),
    # Longer than an id: what opens a file, or takes a reader off a list.
    (re.compile(r"(/(?:files|unsubscribe)/)[\w-]{40,}"), rf"\1{_HIDDEN}"),
)
_SUSPECT = re.compile(
    r"bearer|basic|ghost|prk_|whsec_|sk-|gh[pousr]_|eyj|://|[?&]|/auth/link/|/files/|/unsubscribe/|detail:|context:",
    re.IGNORECASE,
)
"""Each of the above has one of these; nearly all that is logged has none."""
_CHATTY = ("httpx", "httpcore", "httpx2", "openai", "alembic.runtime.plugins", "mcp", "uvicorn.access")
"""They log addresses, query strings included, or each step, at INFO."""


def configure(settings: Settings, process: str) -> None:
    """Call once as a process starts, before anything is logged; the standard library's loggers follow."""
    level = settings.log_level.upper()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last(settings, process)],
        "foreign_pre_chain": [structlog.stdlib.PositionalArgumentsFormatter(), *shared],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"structured": formatter},
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "structured"}
            },
            "root": {"level": level, "handlers": ["stderr"]},
            "loggers": {name: {"level": "WARNING"} for name in _CHATTY},
        }
    )
    structlog.configure(
        processors=[*shared, *_last(settings, process)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Lines,
        cache_logger_on_first_use=True,
    )


class _Lines(structlog.WriteLogger):
    """Ours go straight to standard error: as the standard library's records they take half as long again."""

    def __init__(self, name: str = "root") -> None:
        super().__init__(sys.stderr)
        self.name = name


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hides values by their names, and secrets by their shapes wherever they stand, tracebacks included."""
    return {name: _cleaned(name, value) for name, value in event.items()}


def _cleaned(name: str, value: object) -> object:
    if value is not None and _is_hidden(name):
        return _HIDDEN
    match value:
        case str():
            return without_secrets(value)
        case Mapping():
            return {str(inner): _cleaned(str(inner), held) for inner, held in value.items()}
        case list() | tuple():
            return [_cleaned("", item) for item in value]
        case _:
            return value


@lru_cache(1024)
def _is_hidden(name: str) -> bool:
    return _HIDDEN_NAMES.search(name) is not None


def without_secrets(text: str) -> str:
    if _SUSPECT.search(text) is None:
        return text
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _last(settings: Settings, process: str) -> list[Processor]:
    if settings.log_format == "console":
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]

    def add_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["process"] = process
        event.pop("color_message", None)  # uvicorn says it again, for terminals
        return event

    return [add_process, structlog.processors.JSONRenderer(serializer=_json)]


def _json(event: MutableMapping[str, Any], **_: object) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
