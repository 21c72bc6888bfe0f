"""A reviewer at a terminal: one draft after the other, until nothing waits or the reviewer has had enough."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from rich.console import Console

from cli import edit, show
from cli.answers import Review
from cli.client import Client
from cli.follow import await_outcome
from core.errors import Conflict, Invalid, ProofroomError

RECEIPT_SECONDS: Final = 20
_REDRAFT_SECONDS: Final = 300
_CHOICES: Final = {
    "a": "accept",
    "e": "edit",
    "r": "regenerate",
    "j": "reject",
    "s": "skip",
    "q": "quit",
}


class Enough(Exception):
    """The reviewer goes."""


@dataclass
class Desk:
    client: Client
    out: Console
    platform: str | None = None
    workflow_id: UUID | None = None
    _skipped: set[UUID] = field(default_factory=set)
    _redrafting: dict[UUID, UUID] = field(default_factory=dict)
    """Workflows by thread whose new drafts will come."""
    _kept: dict[UUID, str] = field(default_factory=dict)
    """What was typed, by thread, and has not become a decision."""

    def work(self) -> None:
        """Until nothing is left that was not skipped, new drafts included."""
        with self._nothing_lost():
            while True:
                found = self.client.reviews(self.platform, self.workflow_id)
                waiting = [item for item in found if item.id not in self._skipped]
                if waiting:
                    self._redrafting.pop(waiting[0].thread_id, None)  # this is its new draft
                    self.out.print(f"{len(waiting)} waiting for a decision.", style="dim")
                    self._judge(waiting[0].id)
                elif self._redrafting:
                    self._await_redraft(*self._redrafting.popitem())
                else:
                    self.out.print(
                        "Nothing else waits." if self._skipped else "Nothing waits for a decision."
                    )
                    return

    def judge(self, review_id: UUID) -> None:
        with self._nothing_lost():
            self._judge(review_id)

    @contextmanager
    def _nothing_lost(self) -> Iterator[None]:
        try:
            yield
        except Enough:
            self.out.print("Whatever you did not decide waits.", style="dim")
        finally:
            for text in self._kept.values():
                self.out.print(f"What you wrote is in {edit.keep(text)}", soft_wrap=True)

    def _judge(self, review_id: UUID) -> None:
        while True:
            review = self.client.review(review_id)
            if review.status != "pending":
                self._tell(review)
                return
            self.out.print(show.review(review, self.client.measure(review.platform, review.draft)))
            try:
                if self._decide(review):
                    return
            except (Conflict, Invalid, edit.EditorFailed) as error:
                self._complain(error)

    def _decide(self, review: Review) -> bool:
        """False: asked again, about what waits then."""
        match self._choice(review):
            case "quit":
                raise Enough
            case "skip":
                self._skipped.add(review.id)
                return True
            case "edit":
                return self._edit(review)
            case "regenerate":
                feedback = self._ask("What should be different? ")
                return bool(feedback) and self._carry_out(review, "regenerate", feedback=feedback)
            case "reject":
                return self._carry_out(
                    review, "reject", feedback=self._ask("Why? (Enter: no reason) ") or None
                )
            case _:
                return self._carry_out(review, "accept")

    def _choice(self, review: Review) -> str:
        open_to = {
            letter: name for letter, name in _CHOICES.items() if name in {*review.allowed, "skip", "quit"}
        }
        question = " ".join(name.replace(letter, f"[{letter}]", 1) for letter, name in open_to.items())
        while (chosen := self._ask(f"{question}: ").lower()[:1]) not in open_to:
            continue
        return open_to[chosen]

    def _edit(self, review: Review) -> bool:
        """As often as it takes until the platform would take it, or the person leaves it as it was."""
        names = edit.fields(review.draft, review.preview)
        given = self._kept.get(review.thread_id) or edit.compose(review.draft, names)
        while True:
            text = edit.in_editor(given)
            try:
                changed = edit.changes(review.draft, names, text)
                if not changed:
                    self._kept.pop(review.thread_id, None)
                    self.out.print("Nothing was changed.")
                    return False
                self._kept[review.thread_id] = text
                self._carry_out(review, "edit", **changed)
            except Invalid as error:
                self._complain(error)
                notes = [each.detail for each in error.errors] or [error.detail]
                given, before = edit.annotate(text, notes), given
                self._kept[review.thread_id] = given
                if text == before:
                    return False
            else:
                del self._kept[review.thread_id]
                return True

    def _carry_out(self, review: Review, decision: str, **more: object) -> bool:
        given = {name: value for name, value in more.items() if value is not None}
        self.client.decide(review, {"decision": decision, **given})
        if decision == "regenerate":
            self._redrafting[review.thread_id] = review.workflow_id
        elif decision != "reject":
            with self.out.status("Publishing …"):
                await_outcome(self.client, review.workflow_id, review.thread_id, RECEIPT_SECONDS)
        self._tell(review)
        return True

    def _await_redraft(self, thread_id: UUID, workflow_id: UUID) -> None:
        with self.out.status("Waiting for the new draft …"):
            thread = await_outcome(self.client, workflow_id, thread_id, _REDRAFT_SECONDS)
        if thread.status != "awaiting_review":
            self.out.print(show.outcome(thread), soft_wrap=True)

    def _tell(self, review: Review) -> None:
        """What has become of it by now."""
        thread = self.client.workflow(review.workflow_id).thread(review.thread_id)
        self.out.print(show.outcome(thread), soft_wrap=True)

    def _complain(self, error: ProofroomError) -> None:
        self.out.print(show.plain(f"! {error.detail} {error.remedy or ''}".rstrip(), "red"), soft_wrap=True)

    def _ask(self, question: str) -> str:
        try:
            return self.out.input(show.plain(question, "bold")).strip()
        except (EOFError, KeyboardInterrupt) as end:
            self.out.print()  # the question's line is still open
            if isinstance(end, KeyboardInterrupt):
                raise
            raise Enough from None
