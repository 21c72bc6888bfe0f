"""SIGTERM drains: what runs comes to its next step, and no request is cut."""

import signal
from concurrent.futures import ThreadPoolExecutor

from bench.service import Service
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


def test_who_waits_is_answered_and_streams_end_with_a_word(service: Service, caller: Caller) -> None:
    workflow_id = caller.start("Somebody waits for this.")
    caller.review(workflow_id)
    api = service.apis[0]
    with ThreadPoolExecutor(2) as pool:
        poll = pool.submit(caller.get, f"/v1/workflows/{workflow_id}", params={"wait": 30})
        with (
            Caller(service) as watcher,
            watcher.stream("GET", f"/v1/workflows/{workflow_id}/events") as stream,
        ):
            lines = stream.iter_lines()
            while not next(lines).startswith("id: "):
                pass
            api.signal(signal.SIGTERM)
            rest = list(lines)
        answer = poll.result()
    assert answer.status_code == 200
    assert answer.headers["connection"] == "close"
    assert "retry: 500" in rest
    api.restart()
    service.await_ready()
