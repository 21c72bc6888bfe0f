"""`make chaos`: prints what was done and what was found, writes build/chaos.json, fails where a promise was broken."""

import argparse
import json
import os
import secrets
import shutil
import sys
from pathlib import Path

from bench.chaos.run import Plan, Report, run

RESULT = Path("build/chaos.json")
FOLDER = Path("build/chaos")
"""Of the last run, kept for whoever looks into a violation."""
FAULTS = "after_commit:0.001,before_commit:0.003,before_call:0.01,after_call:0.015"
API_FAULTS = "after_commit:0.001"


def main() -> int:
    arguments = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    arguments.add_argument("--workflows", type=int, default=500, help="at least; default %(default)s")
    arguments.add_argument("--kills", type=int, default=200, help="at least; default %(default)s")
    arguments.add_argument("--callers", type=int, default=20)
    arguments.add_argument("--workers", type=int, default=3)
    arguments.add_argument("--kill-seconds", type=float, default=2.5, help="between two blows, on average")
    arguments.add_argument("--seed", type=int, default=None)
    wanted = arguments.parse_args()
    seed = secrets.randbits(32) if wanted.seed is None else wanted.seed
    shutil.rmtree(FOLDER, ignore_errors=True)
    print(f"seed {seed} · {os.cpu_count()} cores · journal and logs in {FOLDER}", flush=True)
    plan = Plan(
        seed=seed,
        workflows=wanted.workflows,
        kills=wanted.kills,
        callers=wanted.callers,
        workers=wanted.workers,
        apis=2,
        kill_seconds=wanted.kill_seconds,
        blow_events=2,
        fault_seconds=1.5,
        worker_faults=FAULTS,
        api_faults=API_FAULTS,
        storm_seconds=1300,
        calm_seconds=150,
    )
    report = run(plan, FOLDER)
    _print(report)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(report.figures, indent=2) + "\n")
    reached = report.figures["workflows"] >= wanted.workflows and report.figures["kills"] >= wanted.kills
    return 0 if reached and not report.violations else 1


def _print(report: Report) -> None:
    for name, value in report.figures.items():
        print(f"{name:>22}  {value}")
    print("\nkilled: " + ", ".join(f"{what} {count}" for what, count in report.struck.most_common()))
    for what, count in report.errors.most_common():
        print(f"logged {count} times: {what}")
    for each in report.slowest:
        print(
            f"moved on {each.seconds:.1f} s after a kill ({each.through:.1f} s after the first): {each.thread_id}"
        )
    for violation in report.violations:
        print(f"VIOLATION {violation.kind}: {violation.about}: {violation.detail}")
    kept = "nothing lost, nothing twice" if not report.violations else f"{len(report.violations)} violations"
    print(f"{report.figures['workflows']:.0f} workflows, {report.figures['kills']:.0f} kills: {kept}")


if __name__ == "__main__":
    sys.exit(main())
