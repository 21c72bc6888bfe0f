"""A whole service in processes of its own, shared by a module's tests. No clock in it is right but the database's."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from bench.service import Service, running
from tests.processes.caller import Caller, Witness

HURRY = {
    "PROOFROOM_LEASE_SECONDS": "3",
    "PROOFROOM_PUBLISH_DEADLINE_SECONDS": "2",
    "PROOFROOM_POLL_SECONDS": "0.5",
    "PROOFROOM_CATCH_UP_GAP_SECONDS": "0",
}


def wrong_clock(hours: int) -> dict[str, str]:
    """The environment of a process whose clock is off; where the library does not load, its clock is right."""
    spec = find_spec("libfaketime")
    assert spec is not None
    assert spec.submodule_search_locations
    library = Path(spec.submodule_search_locations[0], "vendor", "libfaketime", "src", "libfaketime.so.1")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{hours * 3600:+}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """Two API processes, the second an hour ahead, and two workers, the first an hour ahead and the second behind."""
    with running(apis=1, workers=0, accounts_each=8, api_env=HURRY) as made:
        made.api_env = HURRY | wrong_clock(+1)
        made.add_api()
        for hours in (+1, -1):
            made.worker_env = HURRY | wrong_clock(hours)
            made.add_worker()
        made.await_ready()
        yield made


@pytest.fixture
def caller(service: Service) -> Iterator[Caller]:
    with Caller(service) as made:
        yield made


@pytest.fixture
def witness(service: Service) -> Witness:
    return Witness(service)
