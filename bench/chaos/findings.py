"""What was promised and did not come true."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.chaos.journal import Cancelled, Decided, JobCancelled, JobMoved, Journal, Started, Surprise, Told
from bench.chaos.ledger import ENDED, Ledger, Post

Kind = Literal["lost", "twice", "wrong", "stuck", "incomplete", "surprise"]
"""lost: acknowledged, and not in effect. wrong: out without an approval of just this."""


@dataclass(frozen=True, slots=True)
class Violation:
    kind: Kind
    about: str
    detail: str


def find(journal: Journal, ledger: Ledger) -> list[Violation]:
    """Every one, from the callers' journal, the platforms' own record and the database."""
    found = [Violation("surprise", s.about, f"{s.kind}: {s.said}") for s in journal.all(Surprise)]
    told: dict[str, list[Told]] = defaultdict(list)
    for event in journal.all(Told):
        told[event.thread_id].append(event)
    gone = {thread_id for each in journal.all(Cancelled) for thread_id in each.threads}
    for started in journal.all(Started):
        for platform, thread_id in started.threads.items():
            if thread_id not in ledger.threads:
                found.append(Violation("lost", thread_id, "the workflow was taken, and is not there"))
                continue
            out = ledger.out.get((platform, started.mark), [])
            story = _Story(ledger, thread_id, out, told[thread_id], thread_id in gone)
            found += (Violation(kind, f"{platform} {thread_id}", detail) for kind, detail in story.wrong())
    found += (Violation("incomplete", about, what) for what, about in ledger.incomplete)
    return found


class _Story:
    """One thread: what its people were told, and what came of it."""

    def __init__(
        self, ledger: Ledger, thread_id: str, out: list[Post], told: Sequence[Told], cancelled: bool
    ) -> None:
        self.ledger = ledger
        self.thread = ledger.threads[thread_id]
        self.jobs = ledger.jobs.get(thread_id, [])
        self.out = out
        # In the order of the reviews: an acknowledgement that had to be asked for again may come after the next one's.
        self.decided = sorted(
            (each for each in told if isinstance(each, Decided)),
            key=lambda each: ledger.reviews[each.review_id]["created_at"],
        )
        self.moved = [each for each in told if isinstance(each, JobMoved)]
        self.cancelled = cancelled or any(isinstance(each, JobCancelled) for each in told)

    def wrong(self) -> Iterable[tuple[Kind, str]]:
        yield from self._published()
        yield from self._in_effect()
        yield from self._resting()

    @property
    def approval(self) -> Decided | None:
        """What shall be out: the last decision, where it approved."""
        last = self.decided[-1] if self.decided else None
        return last if last is not None and last.text is not None else None

    def _published(self) -> Iterable[tuple[Kind, str]]:
        approval = self.approval
        if len(self.out) > 1:
            yield "twice", f"out {len(self.out)} times: {[post.id for post in self.out]}"
        for post in self.out:
            if self.cancelled:
                yield "wrong", f"out although it was cancelled: {post.id}"
            elif approval is None:
                yield "wrong", f"out, and nobody approved it: {post.id}"
            else:
                yield from self._as_approved(post, approval)
        if not self.out and approval is not None and not self.cancelled and not self._shown:
            yield "lost", f"approved and not out; {self._state}"
        if bool(self.out) != (self.thread["status"] == "published"):
            yield "wrong", f"{len(self.out)} on the platform, and {self._state}"
        receipts = [job["platform_post_id"] for job in self.jobs if job["status"] == "published"]
        if self.thread["status"] == "published" and receipts != [post.id for post in self.out]:
            yield "wrong", f"receipts {receipts} for {[post.id for post in self.out]}"

    def _as_approved(self, post: Post, approval: Decided) -> Iterable[tuple[Kind, str]]:
        assert approval.text is not None
        if not post.says(approval.text):
            yield "wrong", f"other words than approved are out: {post.id}"
        if self.ledger.usernames[str(approval.account_id)] != post.account:
            yield "wrong", f"out for {post.account}, not for the account that was approved"
        planned = self.moved[-1].scheduled_for if self.moved else approval.schedule_for
        if planned is not None and post.created_at < planned.timestamp():
            yield "wrong", f"out {planned.timestamp() - post.created_at:.1f} s before its time"

    def _in_effect(self) -> Iterable[tuple[Kind, str]]:
        for each in self.decided:
            review = self.ledger.reviews[each.review_id]
            if review["decision"] != each.decision:
                yield "lost", f"{each.decision} was taken; review {each.review_id} says {review['decision']}"
        if self.cancelled and self.thread["status"] != "cancelled":
            yield "lost", f"cancelled, and {self._state}"
        for moved in self.moved:
            (job,) = (job for job in self.jobs if job["id"] == moved.job_id)
            if job["scheduled_for"] not in {moved.scheduled_for, None}:  # None: it failed, and was sent again
                yield "lost", f"moved to {moved.scheduled_for}, and planned for {job['scheduled_for']}"

    def _resting(self) -> Iterable[tuple[Kind, str]]:
        waiting = [job["status"] for job in self.jobs if job["status"] in {"queued", "publishing"}]
        if self.thread["status"] in ENDED:
            if waiting or self.thread["pending_reviews"]:
                yield (
                    "stuck",
                    f"over, with jobs {waiting}, {self.thread['pending_reviews']} reviews; {self._state}",
                )
        elif self.thread["status"] == "awaiting_review":
            if self.thread["pending_reviews"] != 1:
                yield "stuck", f"{self.thread['pending_reviews']} reviews wait; {self._state}"
        elif not self._shown:
            yield "stuck", self._state

    @property
    def _shown(self) -> bool:
        """It waits for a person, who can see why."""
        if self.thread["status"] == "awaiting_review":
            return True
        return any(job["status"] in {"held", "failed", "unknown"} and job["error"] for job in self.jobs)

    @property
    def _state(self) -> str:
        states = ", ".join(f"{job['status']} {job['error'] or ''}".strip() for job in self.jobs)
        return f"the thread is {self.thread['status']} ({self.thread['error']}), its jobs: {states or 'none'}"
