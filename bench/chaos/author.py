"""One workflow from its brief to its end, by an author who plays through what can go wrong between people."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from random import Random
from typing import Any

from bench.chaos import words
from bench.chaos.client import Answer, Client
from bench.chaos.journal import Cancelled, Decided, JobCancelled, JobMoved, Started
from bench.chaos.ledger import ENDED
from bench.service import Owner

PLATFORMS = ("linkedin", "x", "blog", "instagram", "email")
CANCEL_SHARE = 0.12
LOOK_SECONDS = 10
ACTS = {
    "accept": 24,
    "accept twice": 10,
    "accept and reject": 10,
    "edit": 10,
    "edit back": 6,
    "regenerate": 12,
    "reject": 8,
    "schedule": 10,
    "schedule and cancel": 5,
    "schedule and move": 5,
}
"""What is done with a thread's first review, with how much weight; later ones are accepted."""


@dataclass
class Author:
    client: Client
    owner: Owner
    simulator_url: str
    dice: Random
    mark: str = ""
    cancelling: bool = False
    """From then on anything may have been cancelled before."""
    _acts: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    """Reviews that are taken care of."""

    async def work(self) -> None:
        """Returns when every thread has ended."""
        self.mark = words.mark(self.dice)
        platforms = self.dice.sample(PLATFORMS, k=self.dice.choice((1, 1, 2, 3)))
        source = {"type": "text", "text": words.source(self.mark, self.dice)}
        answer = await self.client.post("/v1/workflows", {"source": source, "platforms": platforms})
        if not answer.ok:
            self.client.surprise("refused", "POST /v1/workflows", answer)
            return
        workflow_id = answer.body["id"]
        threads = {each["platform"]: each["thread_id"] for each in answer.body["threads"]}
        self.client.journal.write(Started(workflow_id, self.mark, threads))
        self._acts = {
            thread: self.dice.choices(*zip(*ACTS.items(), strict=True))[0] for thread in threads.values()
        }
        async with asyncio.TaskGroup() as tasks:
            if self.dice.random() < CANCEL_SHARE:
                tasks.create_task(self._cancel(workflow_id))
            await self._follow(workflow_id, tasks)

    async def _follow(self, workflow_id: str, tasks: asyncio.TaskGroup) -> None:
        while True:
            workflow = await self.client.get(f"/v1/workflows/{workflow_id}?wait={LOOK_SECONDS}")
            for thread in workflow["threads"]:
                review_id = thread["pending_review_id"]
                if review_id is not None and review_id not in self._seen:
                    self._seen.add(review_id)
                    tasks.create_task(self._decide(thread["thread_id"], review_id))
            if all(thread["status"] in ENDED for thread in workflow["threads"]):
                return

    async def _cancel(self, workflow_id: str) -> None:
        await asyncio.sleep(self.dice.choice((0, 0.3, 1, 2, 4)))
        self.cancelling = True
        answer = await self.client.post(f"/v1/workflows/{workflow_id}/cancel")
        if answer.ok:
            gone = tuple(t["thread_id"] for t in answer.body["threads"] if t["status"] == "cancelled")
            self.client.journal.write(Cancelled(workflow_id, gone))
        elif answer.status != HTTPStatus.CONFLICT:
            self.client.surprise("refused", f"cancel {workflow_id}", answer)

    async def _decide(self, thread_id: str, review_id: str) -> None:
        review = await self.client.get(f"/v1/reviews/{review_id}")
        if self.mark not in review["draft"]["content"]:
            self.client.surprise("draft without its mark", review_id, Answer(200, review["draft"]))
        act = _Act(self, thread_id, review)
        if self.dice.random() < 0.2:
            await act.stale()
        name = self._acts.pop(thread_id, "accept")
        if name == "accept twice":
            await act.at_once(act.approve(), act.approve())
        elif name == "accept and reject":
            await act.at_once(act.approve(), {"decision": "reject"})
        else:
            await act.alone(self._decision(name, act))
        if name.startswith("schedule and"):
            await self._change_job(thread_id, review["workflow_id"], cancel=name.endswith("cancel"))

    def _decision(self, name: str, act: "_Act") -> dict[str, Any]:
        match name:
            case "edit":
                return act.edit()
            case "edit back":
                return act.edit(approve=False)
            case "regenerate":
                return {"decision": "regenerate", "feedback": "Say it in fewer words."}
            case "reject":
                return {"decision": "reject"}
            case "accept":
                return act.approve()
            case _:
                return act.approve(self._soon())

    def _soon(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.dice.uniform(2, 8))

    async def _change_job(self, thread_id: str, workflow_id: str, *, cancel: bool) -> None:
        """While it waits for its time; what is out, or gone, by then is left alone."""
        while True:
            workflow = await self.client.get(f"/v1/workflows/{workflow_id}?wait=1")
            (thread,) = (each for each in workflow["threads"] if each["thread_id"] == thread_id)
            job = thread["publishing_job"]
            if job is not None or thread["status"] in ENDED | {"awaiting_review"}:
                break
        if job is None:
            return
        path = f"/v1/publishing-jobs/{job['id']}"
        if cancel:
            answer = await self.client.post(f"{path}/cancel")
            if answer.ok:
                self.client.journal.write(JobCancelled(thread_id, job["id"]))
        else:
            moved = self._soon() + timedelta(seconds=2)
            answer = await self.client.post(f"{path}/reschedule", {"scheduled_for": moved.isoformat()})
            if answer.ok:
                self.client.journal.write(JobMoved(thread_id, job["id"], moved))


@dataclass
class _Act:
    """Decisions on one review, and what is known of their outcome."""

    author: Author
    thread_id: str
    review: dict[str, Any]

    @property
    def client(self) -> Client:
        return self.author.client

    def approve(self, schedule_for: datetime | None = None) -> dict[str, Any]:
        """As it is; what needs a picture is given one."""
        at = {"schedule_for": schedule_for.isoformat()} if schedule_for else {}
        if self._needs_picture:
            return {"decision": "edit", "approve": True, **self._account(), **self._picture(), **at}
        return {"decision": "accept", **self._account(), **at}

    def edit(self, *, approve: bool = True) -> dict[str, Any]:
        text = words.edited(self.author.mark, self.author.dice)
        edit = {"decision": "edit", "content": text, "approve": approve, **self._account()}
        return edit | self._picture() if self._needs_picture else edit

    def _account(self) -> dict[str, Any]:
        return {
            "account_id": str(self.author.dice.choice(self.author.owner.accounts[self.review["platform"]]))
        }

    @property
    def _needs_picture(self) -> bool:
        return self.review["platform"] == "instagram" and not self.review["draft"]["media"]

    def _picture(self) -> dict[str, Any]:
        return {"media": [{"url": f"{self.author.simulator_url}/sample.jpg", "alt_text": "A light"}]}

    async def stale(self) -> None:
        """On something that nobody saw: never taken."""
        answer = await self._post({**self.approve(), "seen_hash": "0" * 64})
        if answer.status != HTTPStatus.CONFLICT:
            self.client.surprise("stale decision", self.review["id"], answer)

    async def alone(self, decision: dict[str, Any]) -> None:
        """Nobody else decides: only a cancel may come before it. Then a second one, which is too late."""
        answer = await self._post(decision)
        if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY and "schedule_for" in decision:
            decision = self.approve()  # it took so long that the time has passed
            answer = await self._post(decision)
        if answer.ok:
            self._took(decision)
            late = await self._post({"decision": "reject"})
            if late.status != HTTPStatus.CONFLICT:
                self.client.surprise("decided again", self.review["id"], late)
        elif answer.status != HTTPStatus.CONFLICT or not self.author.cancelling:
            self.client.surprise("refused", f"{decision['decision']} {self.review['id']}", answer)

    async def at_once(self, *decisions: dict[str, Any]) -> None:
        """By two people who saw the same: one counts."""
        answers = await asyncio.gather(*(self._post(each) for each in decisions))
        took = [each for each, answer in zip(decisions, answers, strict=True) if answer.ok]
        for each in took:
            self._took(each)
        if len(took) > 1 or (not took and not self.author.cancelling):
            said = Answer(answers[0].status, {"second": answers[1].status, **answers[1].body})
            self.client.surprise(f"{len(took)} of two decisions counted", self.review["id"], said)

    async def _post(self, decision: dict[str, Any]) -> Answer:
        body = {"seen_hash": self.review["seen_hash"], **decision}
        return await self.client.post(f"/v1/reviews/{self.review['id']}/decision", body)

    def _took(self, decision: dict[str, Any]) -> None:
        kind = decision["decision"]
        approves = kind == "accept" or (kind == "edit" and decision["approve"])
        text = decision.get("content", self.review["draft"]["content"]) if approves else None
        at = decision.get("schedule_for")
        self.client.journal.write(
            Decided(
                self.thread_id,
                self.review["id"],
                kind,
                decision.get("account_id"),
                datetime.fromisoformat(at) if at else None,
                text,
            )
        )
