"""Processes whose clocks are an hour off: time is the database's, whatever they think."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bench.process import Process
from bench.service import Service
from tests.processes.caller import Caller, Witness


@pytest.fixture(autouse=True)
def _clocks_are_off(service: Service) -> None:
    """By the times that the processes log."""
    for process, hours in ((service.workers[0], 1), (service.workers[1], -1), (service.apis[1], 1)):
        said = datetime.fromisoformat(json.loads(process.log.read_bytes().splitlines()[0])["timestamp"])
        if abs(said - datetime.now(UTC) - timedelta(hours=hours)) > timedelta(minutes=30):
            pytest.skip("libfaketime does not work on this platform")


@contextmanager
def only(worker: Process, others: list[Process]) -> Iterator[None]:
    """The others stand still."""
    still = [other for other in others if other is not worker]
    for other in still:
        other.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for other in still:
            other.signal(signal.SIGCONT)


@pytest.mark.parametrize("platform", ["x", "blog"])
def test_one_goes_on_where_the_other_left_off(
    service: Service, caller: Caller, witness: Witness, platform: str
) -> None:
    ahead, behind = service.workers
    with only(ahead, service.workers):
        workflow_id = caller.start(f"Two clocks {platform}.", platform)
        first = caller.review(workflow_id)
    with only(behind, service.workers):
        assert caller.decide(first, "regenerate", feedback="Once more.").status_code == 202
        second = caller.review(workflow_id)
        assert second["draft"]["id"] != first["draft"]["id"]
        assert caller.approve(second).status_code == 202
        thread = caller.published(workflow_id)
    assert thread["active_draft"]["content"] == second["draft"]["content"]
    assert sum("Two clocks" in text for text in witness.posts(platform)) == 1
    with only(ahead, service.workers):
        workflow_id = caller.start(f"The other way {platform}.", platform)
        assert caller.approve(caller.review(workflow_id)).status_code == 202
        caller.published(workflow_id)


@pytest.mark.parametrize("which", [0, 1])
def test_a_post_goes_out_at_the_databases_time(
    service: Service, caller: Caller, witness: Witness, which: int
) -> None:
    with only(service.workers[which], service.workers), Caller(service, api=1) as ahead:
        (row,) = witness.rows("SELECT now() + interval '2 s' AS due")
        workflow_id = ahead.start(f"On time {which}.", schedule_for=row["due"].isoformat())
        answer = ahead.decide(ahead.review(workflow_id))
        assert answer.status_code == 202, answer.text
        ahead.published(workflow_id)
    (job,) = witness.rows(
        "SELECT published_at - scheduled_for AS late, attempts FROM publishing_jobs WHERE workflow_id = %s",
        workflow_id,
    )
    assert timedelta() <= job["late"] < timedelta(seconds=10)
    assert job["attempts"] == 1
    assert sum(f"On time {which}." in text for text in witness.posts()) == 1
