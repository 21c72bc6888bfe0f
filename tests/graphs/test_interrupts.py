"""The three ways in which a decision may be said, and how an edit changes a draft."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.content import Content, Media
from core.errors import Invalid
from graphs.interrupts import Decision, edited, parse_decision, parse_receipt

INBOX_EDIT = {
    "action": "publish_blog_post",
    "args": {"content": "New.", "title": "Title", "schedule_for": "2030-01-01T09:00:00Z"},
}


@pytest.mark.parametrize(
    ("value", "decision"),
    [
        ({"decision": "accept"}, Decision(decision="accept")),
        ({"decision": "reject", "feedback": "No."}, Decision(decision="reject", feedback="No.")),
        ([{"type": "accept", "args": None}], Decision(decision="accept")),
        (
            [
                {
                    "type": "accept",
                    "args": {"action": "publish_x_post", "args": {"content": "A.", "schedule_for": ""}},
                }
            ],
            Decision(decision="accept", content="A."),
        ),
        (
            [{"type": "edit", "args": INBOX_EDIT}],
            Decision(
                decision="edit",
                content="New.",
                metadata={"title": "Title"},
                schedule_for=datetime(2030, 1, 1, 9, tzinfo=UTC),
            ),
        ),
        ([{"type": "response", "args": "Shorter."}], Decision(decision="regenerate", feedback="Shorter.")),
        ([{"type": "ignore", "args": None}], Decision(decision="reject")),
        ({"decisions": [{"type": "approve"}]}, Decision(decision="accept")),
        (
            {
                "decisions": [
                    {"type": "edit", "edited_action": {"name": "publish_x_post", "args": {"content": "B."}}}
                ]
            },
            Decision(decision="edit", content="B."),
        ),
        (
            {"decisions": [{"type": "reject", "message": "Off."}]},
            Decision(decision="reject", feedback="Off."),
        ),
    ],
)
def test_understood(value: Any, decision: Decision) -> None:
    assert parse_decision(value) == decision


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "Understood are"),
        ("accept", "Understood are"),
        ({}, "Understood are"),
        ([], "One decision"),
        ([{"type": "accept"}, {"type": "accept"}], "One decision"),
        ([{"type": "maybe"}], "Unknown type 'maybe'"),
        ({"decision": "publish"}, "'accept'"),
        ({"decision": "accept", "at": "now"}, "Extra inputs"),
        ({"decision": "regenerate", "feedback": " "}, "needs feedback"),
        ({"decision": "edit"}, "needs content"),
        ({"decision": "accept", "schedule_for": "2030-01-01T09:00:00"}, "timezone"),
    ],
)
def test_not_understood(value: Any, says: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse_decision(value)
    assert says in raised.value.detail
    assert raised.value.remedy is not None
    assert "Agent Inbox" in raised.value.remedy


def test_an_edit_keeps_what_it_does_not_name() -> None:
    draft = Content(
        content="Old.", metadata={"title": "T", "tags": ["a"]}, media=(Media(url="https://e.org/i.png"),)
    )
    decision = Decision(decision="edit", metadata={"title": "New", "excerpt": "E", "tags": None})
    assert edited(draft, decision) == Content(
        content="Old.", metadata={"title": "New", "excerpt": "E"}, media=draft.media
    )
    assert edited(draft, Decision(decision="edit", content="New.", media=())).media == ()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"outcome": "published"}, "platform_post_id and url"),
        ({"outcome": "refused"}, "the reason"),
        ({"outcome": "lost"}, "'published'"),
        ({"decision": "accept"}, "Field required"),
    ],
)
def test_a_receipt_is_complete(value: Any, says: str) -> None:
    with pytest.raises(Invalid, match="not a receipt") as raised:
        parse_receipt(value)
    assert says in raised.value.detail
