"""SIGTERM drains: what runs comes to its next step, who waits is answered, and no request is cut."""

import signal
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from bench.service import Service
from cli.client import Client
from tests.processes.caller import Caller, Witness
from tests.processes.load import under_load


def test_a_rolling_restart_under_load_loses_nothing_and_cuts_nobody(
    service: Service, caller: Caller, witness: Witness
) -> None:
    workflow_id = caller.start("Somebody waits for this.")
    review = caller.review(workflow_id)
    watched = (
        event.type for event in Client(service.base_url, service.owner.api_key).events(UUID(workflow_id))
    )
    assert "review.requested" in watched
    witness.fault("slow", seconds=0.5, count=5)
    with ThreadPoolExecutor(1) as pool, Caller(service) as watcher:
        poll = pool.submit(caller.get, f"/v1/workflows/{workflow_id}", params={"wait": 30})
        with watcher.stream("GET", f"/v1/workflows/{workflow_id}/events") as stream:
            lines = stream.iter_lines()
            assert "event: review.requested" in lines
            with under_load(service, callers=4) as load:
                _restart_one_after_the_other(service)
            assert "retry: 500" in lines
        answer = poll.result()
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")
    assert caller.decide(review).status_code == 202
    assert "post.published" in watched, "over both processes' connections"
    assert load.unavailable == 0
    assert load.published
    texts = witness.posts()
    for thread in load.published:
        assert texts.count(thread["active_draft"]["content"]) == 1
    left = "SELECT count(*) AS n FROM platform_states WHERE lease_until IS NOT NULL OR lost_leases > 0"
    assert witness.rows(left) == [{"n": 0}], "every claim was given back"


def _restart_one_after_the_other(service: Service) -> None:
    for pair in zip(service.apis, service.workers, strict=True):
        for process in pair:
            process.signal(signal.SIGTERM)
        for process in pair:
            process.restart()  # tells it once more, which does no harm
        service.await_ready()
