"""SIGTERM drains: what runs comes to its next step, and no request is cut."""

import signal
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from bench.service import Service
from cli.client import Client
from tests.processes.caller import Caller, Witness
from tests.processes.load import under_load


def test_a_rolling_restart_under_load_loses_nothing_and_cuts_nobody(
    service: Service, witness: Witness
) -> None:
    witness.fault("slow", seconds=0.5, count=5)
    with under_load(service, callers=6) as load:
        for api, worker in zip(service.apis, service.workers, strict=True):
            for process in (api, worker):
                process.signal(signal.SIGTERM)
            for process in (api, worker):
                process.restart()
            service.await_ready()
    assert load.unavailable == 0
    texts = witness.posts()
    assert load.published
    for thread in load.published:
        assert texts.count(thread["active_draft"]["content"]) == 1
    left = witness.rows(
        "SELECT count(*) AS n FROM platform_states WHERE lease_until IS NOT NULL OR lost_leases > 0"
    )
    assert left == [{"n": 0}], "every claim was given back"


def test_who_waits_is_answered_and_who_watches_goes_on_watching(service: Service, caller: Caller) -> None:
    workflow_id = caller.start("Somebody waits for this.")
    review = caller.review(workflow_id)
    api = service.apis[0]
    events = Client(service.base_url, service.owner.api_key).events(UUID(workflow_id))
    assert next(event for event in events if event.type == "review.requested")
    with ThreadPoolExecutor(1) as pool, Caller(service) as watcher:
        poll = pool.submit(caller.get, f"/v1/workflows/{workflow_id}", params={"wait": 30})
        with watcher.stream("GET", f"/v1/workflows/{workflow_id}/events") as stream:
            lines = stream.iter_lines()
            assert next(line for line in lines if line == "event: review.requested")
            api.signal(signal.SIGTERM)
            assert "retry: 500" in lines
        answer = poll.result()
    assert answer.status_code == 200
    assert answer.headers["connection"] == "close"
    api.restart()
    service.await_ready()
    assert caller.decide(review).status_code == 202
    assert next(event for event in events if event.type == "post.published")
