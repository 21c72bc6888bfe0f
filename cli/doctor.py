"""`proofroom doctor`: for the operator, on the database itself."""

import json
from dataclasses import asdict
from itertools import groupby

import typer

from cli.database import at_desk
from cli.options import DataDir, Json
from services.operations.doctor import Finding, examine


def doctor(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Say what is stuck, failed, unknown, over or about to be, and what mends each. Exit code 1 when there is something."""
    found = at_desk(lambda desk: examine(desk.db, desk.settings, desk.keyring), data_dir)
    if as_json:
        print(json.dumps([asdict(finding) for finding in found]))
    else:
        _show(found)
    if found:
        raise typer.Exit(1)


def _show(found: list[Finding]) -> None:
    if not found:
        print("All is well.")
    for check, findings in groupby(found, key=lambda finding: finding.check):
        listed = list(findings)
        for finding in listed:
            print(f"{check}: {finding.what}\n    {finding.remedy}")
        if (more := listed[0].total - len(listed)) > 0:
            print(f"{check}: and {more:,} more.")
