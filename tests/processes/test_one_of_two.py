"""Two of everything: API processes that decide one review, workers that hold one thread."""

import os
import signal
import time
from functools import partial

from bench.service import Service
from tests.patience import PATIENCE_SECONDS
from tests.processes.caller import Caller, Witness, at_once, until

_WRITTEN = """
SELECT (SELECT count(*) FROM langgraph.checkpoints WHERE thread_id = %s) AS checkpoints,
    (SELECT count(*) FROM langgraph.checkpoint_writes WHERE thread_id = %s) AS writes,
    (SELECT count(*) FROM publishing_attempts) AS attempts, (SELECT count(*) FROM posts) AS posts,
    (SELECT count(*) FROM drafts) AS drafts, (SELECT count(*) FROM processing_logs) AS events
"""


def test_one_of_two_processes_decides(service: Service, caller: Caller, witness: Witness) -> None:
    with Caller(service, api=1) as other:
        for number in range(3):
            review = caller.review(caller.start(f"Decided twice {number}."))
            answers = at_once(partial(caller.decide, review), partial(other.decide, review))
            assert sorted(answer.status_code for answer in answers) == [202, 409]
            (refused,) = [answer.json() for answer in answers if answer.status_code == 409]
            assert refused["code"] == "ReviewAlreadyDecided"
            thread = caller.published(review["workflow_id"])
            assert witness.posts().count(thread["active_draft"]["content"]) == 1


def test_a_worker_frozen_in_mid_call_leaves_one_post_and_writes_nothing_after(
    service: Service, caller: Caller, witness: Witness
) -> None:
    review = caller.review(caller.start("Frozen."))
    witness.fault("slow", seconds=1.8)
    assert caller.decide(review).status_code == 202
    calling = (
        "SELECT id::text, held_by FROM platform_states WHERE status = 'publishing' AND held_by IS NOT NULL"
    )
    (held,) = until(lambda: witness.rows(calling), bool)
    until(witness.posts, lambda texts: any("Frozen." in text for text in texts))
    pid = int(held["held_by"].rpartition(":")[2])
    os.kill(pid, signal.SIGSTOP)
    try:
        thread = caller.published(review["workflow_id"])
        before = witness.rows(_WRITTEN, held["id"], held["id"])
    finally:
        os.kill(pid, signal.SIGCONT)
    (frozen,) = [worker for worker in service.workers if worker.pid == pid]
    frozen.await_log(b"thread.claim_lost", PATIENCE_SECONDS)
    time.sleep(0.3)
    assert witness.rows(_WRITTEN, held["id"], held["id"]) == before
    assert witness.posts().count(thread["active_draft"]["content"]) == 1
    kinds = witness.rows(
        "SELECT kind, outcome FROM publishing_attempts a JOIN publishing_jobs j ON j.id = "
        "publishing_job_id WHERE thread_id = %s ORDER BY started_at",
        held["id"],
    )
    assert kinds == [{"kind": "find", "outcome": "confirmed"}]
