"""The crash harness in short: `make chaos` is its long form."""

import secrets
from pathlib import Path

from bench.chaos.run import Plan, run

SHORT = Plan(
    seed=secrets.randbits(32),
    workflows=20,
    kills=10,
    callers=8,
    workers=2,
    apis=2,
    kill_seconds=1.0,
    fault_seconds=1.0,
    worker_faults="after_commit:0.01,before_commit:0.02,before_call:0.05,after_call:0.1",
    api_faults="after_commit:0.003",
    calm_seconds=90,
    worker_env={"PROOFROOM_LEASE_SECONDS": "4", "PROOFROOM_PUBLISH_DEADLINE_SECONDS": "3"},
)


def test_nothing_is_lost_and_nothing_goes_out_twice(tmp_path: Path) -> None:
    report = run(SHORT, tmp_path)
    assert not report.violations, (report.violations, report.figures, report.errors)
    assert report.figures["workflows"] >= SHORT.workflows
    assert report.figures["kills"] >= SHORT.kills
