"""The inputs that the service promises to refuse, and those it promises to take: by field, with a remedy, leaving nothing."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from core.db import Database
from tests.plugins.api import Api
from tests.plugins.tenant import Tenant

JSON = {"Content-Type": "application/json"}
TEXT = {"type": "text", "text": "We have shipped."}
BRIEF: dict[str, Any] = {"source": TEXT, "platforms": ["x"]}
MIB = 1024 * 1024


def brief(**fields: Any) -> bytes:
    return json.dumps({**BRIEF, **fields}).encode()


def source(**fields: str) -> bytes:
    return brief(source={"type": "text", **fields})


def page(url: str) -> bytes:
    return brief(source={"type": "url", "url": url})


BAD_BRIEFS: dict[str, tuple[bytes, int, str, str | None]] = {
    "empty text": (source(text=""), 422, "Invalid", "/source/text"),
    "blank text": (source(text=" \n\t\u3000"), 422, "Invalid", "/source/text"),
    "no text": (source(), 422, "Invalid", "/source/text"),
    "1,000,001 characters": (source(text="x" * 1_000_001), 413, "TooLarge", "/source/text"),
    "over 4 MiB": (source(text="x" * (4 * MIB)), 413, "TooLarge", None),
    "unknown platform": (brief(platforms=["x", "myspace"]), 422, "Invalid", "/platforms/1"),
    "a platform twice": (brief(platforms=["x", "blog", "x"]), 422, "Invalid", "/platforms"),
    "bar of 900": (brief(options={"quality_bar": 900}), 422, "Invalid", "/options/quality_bar"),
    "a bar in words": (brief(options={"quality_bar": "80"}), 422, "Invalid", "/options/quality_bar"),
    "rounds of true": (brief(options={"max_rounds": True}), 422, "Invalid", "/options/max_rounds"),
    "schedule in the past": (brief(schedule_for="2020-01-01T00:00:00Z"), 422, "Invalid", "/schedule_for"),
    "schedule in seconds": (brief(schedule_for=2_200_000_000), 422, "Invalid", "/schedule_for"),
    "schedule without offset": (brief(schedule_for="2040-01-01T00:00:00"), 422, "Invalid", "/schedule_for"),
    "unknown field": (brief(plattforms=["x"]), 422, "Invalid", "/plattforms"),
    "unknown field below": (source(text="a", txt="b"), 422, "Invalid", "/source/txt"),
    "malformed": (b'{"source": ', 422, "MalformedJSON", None),
    "a key twice": (b'{"platforms": ["x"], "platforms": ["blog"]}', 422, "MalformedJSON", None),
    "not UTF-8": (b'{"platforms": ["\xff"]}', 422, "MalformedJSON", None),
    "100,001 values": (brief(metadata={"a": [0] * 100_000}), 413, "TooLarge", None),
    "a key twice among many": (b'{"a":0,%s"a":0}' % b"".join(b'"%d":0,' % i for i in range(50_000)), 422, "MalformedJSON", None),
    "a long key over much": (brief(**{"k" * 900_000: [0] * 90_000}), 422, "Invalid", None),
    "200 unknown fields": (brief(**{f"a{number}": 0 for number in range(200)}), 422, "Invalid", "/a0"),
    "a list": (b"[]", 422, "Invalid", ""),
    "a string": (b'"brief"', 422, "Invalid", ""),
    "null": (b"null", 422, "Invalid", ""),
    "nothing": (b"", 422, "Invalid", ""),
    "NUL": (source(text="a\0b"), 422, "Invalid", "/source/text"),
    "NUL in a key": (brief(metadata={"a\0": 1}), 422, "Invalid", "/metadata/a\N{REPLACEMENT CHARACTER}"),
    "a lone surrogate": (source(text="a\ud800"), 422, "Invalid", "/source/text"),
    "an address that is none": (page("http://0177.0.0.1/"), 422, "SourceUnreachable", "/source/url"),
    "another lone surrogate": (source(text="\udfffa"), 422, "Invalid", "/source/text"),
} | {
    f"a page at {url}": (page(url), 422, "AddressRefused", "/source/url")
    for url in (
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://0.0.0.0/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://localhost/",
        "https://ada@127.0.0.1/",
    )
}  # fmt: skip


async def test_a_bad_brief_is_refused_by_field_and_leaves_nothing(
    api: Api, db: Database, subtests: pytest.Subtests
) -> None:
    user = await api.user()
    before = await _counts(db)
    for name, (body, status, code, pointer) in BAD_BRIEFS.items():
        with subtests.test(name):
            answer = await user.post("/v1/workflows", content=body, headers=JSON)
            _check(answer, status, code, pointer)
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        with subtests.test(media_type):
            answer = await user.post("/v1/workflows", content=brief(), headers={"Content-Type": media_type})
            _check(answer, 415, "UnsupportedMediaType", None)
    assert await _counts(db) == before


async def test_a_body_of_unknown_length_is_cut_off_at_4_mib(api: Api, db: Database) -> None:
    user = await api.user()
    before = await _counts(db)
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'{"source": {"type": "text", "text": "'
        while sent < 64 * MIB:
            sent += MIB // 4
            yield b"x" * (MIB // 4)

    _check(await user.post("/v1/workflows", content=pieces(), headers=JSON), 413, "TooLarge", None)
    assert sent < 5 * MIB
    assert await _counts(db) == before


UNUSUAL = {
    "right to left": "שלום עולם، مرحبا بالعالم",
    "emoji only": "🎉👩‍👩‍👧🏳️‍🌈",
    "HTML": "<h1>Hi</h1><script>alert(1)</script>",
    "a million characters": "x" * 1_000_000,
}


async def test_unusual_text_is_taken(api: Api, subtests: pytest.Subtests) -> None:
    user = await api.user()
    for name, words in UNUSUAL.items():
        with subtests.test(name):
            answer = await user.post("/v1/workflows", content=source(text=words), headers=JSON)
            assert answer.status_code == 202, answer.text
            assert answer.json()["status"] == "running"


async def test_what_cannot_be_done_to_a_review_changes_nothing(
    tenant: Tenant, subtests: pytest.Subtests
) -> None:
    owner = tenant.owner
    reviews = await tenant.scene.rows("SELECT * FROM reviews WHERE status = 'pending' ORDER BY id")
    decided = await tenant.scene.row("SELECT * FROM reviews WHERE status = 'decided' LIMIT 1")
    review = reviews[0]
    accept = {"decision": "accept", "seen_hash": review["seen_hash"]}
    edit = {**accept, "decision": "edit"}
    bad: list[tuple[str, Any, dict[str, Any], int, str, str | None]] = [
        ("decided already", decided, {**accept, "seen_hash": decided["seen_hash"]}, 409, "ReviewAlreadyDecided", None),
        ("not what was seen", review, {**accept, "seen_hash": "0" * 64}, 409, "DraftChanged", None),
        ("a title over the limit", review, {**edit, "metadata": {"title": "x" * 256}}, 422, "Invalid", "/metadata/title"),
        ("empty words", review, {**edit, "content": " "}, 422, "Invalid", "/content"),
        ("too late", review, {**accept, "schedule_for": "2020-01-01T00:00:00Z"}, 422, "Invalid", "/schedule_for"),
        ("approve in words", review, {**edit, "content": "x", "approve": "no"}, 422, "Invalid", "/approve"),
        ("no offset", review, {**accept, "schedule_for": "2040-01-01T00:00:00"}, 422, "Invalid", "/schedule_for"),
    ]  # fmt: skip
    before = await tenant.everything()
    for name, about, body, status, code, pointer in bad:
        with subtests.test(name):
            answer = await owner.post(f"/v1/reviews/{about['id']}/decision", json=body)
            _check(answer, status, code, pointer)
    assert await tenant.everything() == before


async def test_an_idempotency_key_is_not_used_for_another_body(api: Api, db: Database) -> None:
    user = await api.user()
    headers = {**JSON, "Idempotency-Key": "one"}
    assert (await user.post("/v1/workflows", content=brief(), headers=headers)).status_code == 202
    before = await _counts(db)
    other = await user.post("/v1/workflows", content=brief(platforms=["blog"]), headers=headers)
    _check(other, 422, "IdempotencyKeyReused", None)
    assert await _counts(db) == before


def _check(answer: httpx.Response, status: int, code: str, pointer: str | None) -> None:
    problem = answer.json()
    assert (answer.status_code, problem.get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"urn:proofroom:problem:{code}"
    assert problem["detail"]
    assert problem["remedy"]
    assert len(problem.get("errors", [])) <= 100
    if pointer is not None:
        assert pointer in [error.get("pointer") for error in problem["errors"]], answer.text


async def _counts(db: Database) -> dict[str, int]:
    """How many rows there are, in every table."""
    from models.security import tables

    async with db.service() as session:
        return {
            table.name: await session.scalar(text(f"SELECT count(*) FROM {table.name}")) for table in tables()
        }
