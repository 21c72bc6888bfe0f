"""`python -m bench.worker`: the worker as it is, but for a writer and a critic that cost nothing."""

import uvloop

from bench.null import NullAgents
from core import collector, faults, log
from core.settings import load
from worker.main import run


def main() -> None:
    settings = load()
    log.configure(settings, "worker")
    faults.arm(settings)
    agents = NullAgents()
    collector.settle()
    uvloop.run(run(settings, agents=(agents, agents)))


if __name__ == "__main__":
    main()
