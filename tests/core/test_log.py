import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from core import log
from core.settings import Settings


@pytest.fixture
def configured() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_carries_the_bound_ids(configured: None, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Settings(), "worker")
    with structlog.contextvars.bound_contextvars(thread_id="t-1", workflow_id="w-1"):
        structlog.get_logger("services").info("draft written", sequence=2)
        logging.getLogger("somebody.else").warning("retrying %s", "once")
    ours, theirs = _lines(capsys)
    assert ours["event"] == "draft written"
    assert (ours["thread_id"], ours["workflow_id"], ours["process"]) == ("t-1", "w-1", "worker")
    assert theirs["event"] == "retrying once"
    assert theirs["thread_id"] == "t-1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_token", "abcdef"),
        ("hashed_password", "abcdef"),
        ("content", "the draft"),
        ("feedback", "shorter, please"),
        ("url", "https://user:hunter2@host/path"),
        ("url", "https://host/callback?code=hunter2&state=1"),
        ("detail", "sent Authorization: Bearer hunter2hunter2"),
        ("detail", "key prk_hunter2hunter2 was refused"),
        (
            "exception",
            "DataError: bad JSON\nDETAIL:  No \\u0000.\nCONTEXT:  JSON data: the draft\nhas hunter2",
        ),
        (
            "exception",
            "NotNullViolation: null\nDETAIL:  Row (1, the draft\n).\n[SQL: INSERT]\n(Background on)",
        ),
        ("headers", {"authorization": "hunter2", "nested": [{"api_key": "hunter2"}]}),
    ],
)
def test_secrets_and_drafts_are_hidden(
    configured: None, capsys: pytest.CaptureFixture[str], name: str, value: object
) -> None:
    log.configure(Settings(), "api")
    structlog.get_logger().error("something", **{name: value})
    written = capsys.readouterr().err
    assert "[hidden]" in written
    for secret in ("abcdef", "hunter2", "the draft", "shorter"):
        assert secret not in written


def test_a_secret_in_an_exception_is_hidden(configured: None, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Settings(), "api")
    try:
        raise ValueError("postgresql://proofroom:hunter2@db/proofroom does not answer")
    except ValueError:
        logging.getLogger("api").exception("failed")
    (line,) = _lines(capsys)
    assert "does not answer" in str(line["exception"])
    assert "hunter2" not in str(line)


def test_counts_of_tokens_are_not_secrets() -> None:
    event = {"event": "called", "input_tokens": 10, "output_tokens": 5}
    assert log.redact(None, "info", dict(event)) == event


@pytest.mark.parametrize(
    "text",
    [
        "https://feeds.example/x?api_key=hunter2&page=1",
        "https://feeds.example/x?page=1&auth=hunter2",
        "https://bucket.example/x?X-Amz-Signature=hunter2",
        "https://feeds.example/x?client_secret=hunter2",
        "postgresql://proofroom:p@ss@hunter2@db/proofroom",
        f"/files/{'hunter2' * 8} was opened",
        f"https://proofroom.example/unsubscribe/{'hunter2' * 7}",
    ],
)
def test_secrets_in_addresses_are_hidden(text: str) -> None:
    assert "hunter2" not in log.without_secrets(text)


def test_ids_in_addresses_are_no_secrets() -> None:
    address = "/v1/files/01a1ff70-b066-72fa-ab73-e99218324d3a/content?wait=30"
    assert log.without_secrets(address) == address
