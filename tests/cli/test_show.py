"""What a person reads: the words as they are, and nothing that they might do to a terminal."""

from decimal import Decimal
from io import StringIO
from uuid import uuid4

from rich.console import Console, RenderableType

from cli import show
from cli.answers import Draft, Evaluation, Job, Measured, Review, Thread


def _shown(what: RenderableType, *, terminal: bool = False) -> str:
    out = Console(
        file=StringIO(), width=100, force_terminal=terminal, color_system="standard" if terminal else None
    )
    out.print(what)
    written = out.file
    assert isinstance(written, StringIO)
    return written.getvalue()


def _thread(status: str, **more: object) -> Thread:
    return Thread.model_validate({"thread_id": uuid4(), "platform": "x", "status": status, **more})


def test_a_draft_cannot_command_the_terminal() -> None:
    draft = Draft(id=uuid4(), content="[red]as it is[/red] \x1b]0;title\x07\x1b[2J\x9b1m")
    shown = _shown(show.thread(_thread("awaiting_review", active_draft=draft)))
    assert "[red]as it is[/red]" in shown
    assert not {"\x1b", "\x07", "\x9b"} & set(shown)


def test_scores_come_with_evidence_and_what_to_do() -> None:
    evaluation = Evaluation.model_validate(
        {
            "score": 71,
            "feedback": "Solid.",
            "criteria_scores": {"clarity": 64},
            "findings": {"clarity": {"quote": "a hope", "instruction": "Say whose."}},
            "violations": [{"field": "/content", "message": "301 characters.", "remedy": "Shorten it."}],
            "model": "offline",
        }
    )
    shown = _shown(show.thread(_thread("awaiting_review", evaluation=evaluation)))
    assert shown.index("✗ 301 characters. Shorten it.") < shown.index("71")
    assert "Solid. (offline critic)" in shown
    assert "“a hope”" in shown
    assert "→ Say whose." in shown


def test_each_sentence_leads_to_its_page_or_minute_and_what_nothing_supports_is_named() -> None:
    places = [None, {"kind": "page", "label": "2"}, {"kind": "time", "label": "1:05"}, None]
    said = ["On tea.", "Tea is old.", "Coffee is young.", "Water is."]
    sources = ["On tea", "Tea is old.", "Coffee is not.", "Water is."]
    shown = _shown(
        show.review(
            Review.model_validate(
                {
                    **dict.fromkeys(("id", "workflow_id", "thread_id"), uuid4()),
                    "platform": "email",
                    "status": "pending",
                    "created_at": "2026-11-21T12:00:00Z",
                    "seen_hash": "ab",
                    "allowed": ["accept"],
                    "preview": {"kind": "newsletter", "title": "On tea"},
                    "draft": {
                        "id": uuid4(),
                        "content": "Tea is old. Milk is new.",
                        "metadata": {"title": "On tea"},
                        "provenance": [
                            {"quote": quote, "source_quote": source, "passage": passage, "place": place}
                            for passage, (quote, source, place) in enumerate(
                                zip(said, sources, places, strict=True)
                            )
                        ],
                    },
                    "evaluation": {
                        "score": 80,
                        "ungrounded": [{"quote": "Milk is new.", "instruction": "Remove it."}],
                    },
                }
            ),
            Measured(length=1, max_length=2, unit="characters", violations=[], cost_usd=Decimal(0)),
        )
    )
    lines = [line.strip() for line in shown[shown.index("Rests on") :].splitlines()][1:7]
    assert lines == [
        "title      On tea.",
        "“On tea”",
        "page 2     “Tea is old.”",
        "1:05       Coffee is young.",
        "“Coffee is not.”",
        "passage 3  “Water is.”",
    ]
    assert "? “Milk is new.” Remove it." in shown
    assert shown.index("On tea") < shown.index("Milk is new.")


def test_a_difference_is_word_by_word() -> None:
    before = Draft(id=uuid4(), content="One small step.", metadata={"title": "Old"})
    after = Draft(id=uuid4(), content="One giant step.", metadata={"title": "New"})
    text = show.difference(before, after)
    styles = {text.plain[span.start : span.end]: str(span.style) for span in text.spans}
    assert text.plain == "OldNew\n\nOne smallgiant step."
    assert styles["small"] == styles["Old"] == "red strike"
    assert styles["giant"] == styles["New"] == "green underline"


def test_outcomes_say_what_is_simulated_and_what_to_do() -> None:
    job = Job.model_validate({"id": uuid4(), "status": "published", "simulated": True})
    published = show.outcome(_thread("published", publishing_job=job, url="http://sim/1"))
    assert published.plain == "✓ x published (simulated): http://sim/1"
    held = Job.model_validate(
        {"id": uuid4(), "status": "held", "error": {"detail": "No account.", "remedy": "Connect one."}}
    )
    assert (
        show.outcome(_thread("accepted", publishing_job=held)).plain
        == "! x is held: No account. Connect one."
    )
    assert show.outcome(_thread("rejected")).plain == "· x is rejected"
