"""`proofroom doctor`: nothing to say of what is well; otherwise each thing with what mends it."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer import Typer
from typer.testing import CliRunner, Result

from api.app import create_app
from cli import doctor
from cli.main import load
from core.crypto import generate_key
from core.db import Database
from core.settings import Settings
from migrations import run as migrations
from services.operations.doctor_checks import CHECKS
from services.operations.schema_samples import fill

DAMAGE = (
    "UPDATE platform_states SET status = 'failed', due_at = NULL",
    "UPDATE publishing_jobs SET status = 'unknown' WHERE id IN (SELECT id FROM publishing_jobs ORDER BY id LIMIT 1)",
    "UPDATE publishing_jobs SET status = 'held', error = '{\"code\": \"NoAccount\"}' WHERE status <> 'unknown'",
    "UPDATE connected_accounts SET status = 'token_expired'",
    "UPDATE webhooks SET status = 'disabled', error = 'It is gone.'",
    "UPDATE webhook_deliveries SET status = 'dead'",
    "UPDATE files SET extraction_status = 'failed', error = 'It is locked.', retryable = true",
    "UPDATE feeds SET status = 'paused', error = 'There is no feed.', error_count = 10",
    "UPDATE uploads SET expires_at = now() - interval '3 days'",
    "UPDATE token_usage SET cost_usd = 100",
    "UPDATE budgets SET limit_usd = 1, period = 'month'",
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'extract', 0, NULL, NULL, '{}'::jsonb,"
    " now() - interval '20 minutes')::procrastinate_job_to_defer_v1])",
)
Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("PROOFROOM_SECRET_KEYS", ",".join(settings.secret_keys))

    def run(*arguments: str) -> Result:
        app = Typer()
        app.command()(doctor.doctor)
        return CliRunner().invoke(app, [*arguments])

    return run


def damage(settings: Settings, *statements: str, samples: int = 2) -> None:
    async def go() -> None:
        db = Database(settings)
        async with db.service() as session:
            for _ in range(samples):
                await (await session.connection()).run_sync(fill)
            for statement in statements:
                await session.execute(text(statement))
        await db.dispose()

    asyncio.run(go())


def findings(result: Result) -> dict[str, dict[str, Any]]:
    """The first of each check."""
    found: dict[str, dict[str, Any]] = {}
    for each in json.loads(result.stdout):
        found.setdefault(each["check"], each)
    return found


def test_nothing_is_said_of_what_is_well(run: Run) -> None:
    assert (run().exit_code, run().stdout) == (0, "All is well.\n")
    assert json.loads(run("--json").stdout) == []


def test_each_thing_is_named_with_what_mends_it(run: Run, settings: Settings, tmp_path: Path) -> None:
    damage(settings, *DAMAGE)
    began = time.process_time()
    result = run("--json")
    assert time.process_time() - began < 2
    found = findings(result)
    assert result.exit_code == 1
    expected = {
        *("failed", "unknown", "held", "accounts", "feeds", "webhooks", "deliveries", "extractions"),
        *("uploads", "budgets", "queue", "keys"),
    }
    assert found.keys() == expected, result.stdout
    assert found["accounts"]["total"] == 2
    assert "extract" in found["queue"]["what"]
    assert "It is locked" not in result.stdout, "what happened to somebody's file is for them to read"
    plain = run()
    assert plain.exit_code == 1
    for finding in found.values():
        assert finding["remedy"] in plain.stdout


def test_the_commands_that_mend_it_are_there() -> None:
    named = [words for check in CHECKS for words in re.findall(r"`proofroom ([^`]+)`", check.remedy)]
    assert len(named) > 10
    for name, *words in map(str.split, named):
        command = load(name)
        if words:
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= known, (name, words)


def test_what_no_worker_takes_is_found(run: Run, settings: Settings) -> None:
    damage(
        settings, "UPDATE platform_states SET status = 'generating', due_at = now() - interval '9 minutes'"
    )
    assert "2 threads have been due for up to 9 minutes" in findings(run("--json"))["worker"]["what"]


def test_only_some_of_many_are_listed(run: Run, settings: Settings) -> None:
    damage(settings, "UPDATE webhooks SET status = 'disabled'", samples=7)
    result = run()
    assert result.stdout.count("is disabled") == 5
    assert "webhooks: and 2 more." in result.stdout


def test_a_lost_key_is_found_out(run: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.plugins.api import sign_up

    async def register() -> None:
        state = create_app(settings).state
        await sign_up(state, "ada")
        await state.db.dispose()

    asyncio.run(register())
    assert run().exit_code == 0
    monkeypatch.setenv("PROOFROOM_SECRET_KEYS", generate_key("another"))
    found = json.loads(run("--json").stdout)
    assert {finding["check"] for finding in found} == {"keys"}
    assert any("users.email cannot be read" in finding["what"] for finding in found)
    assert all("PROOFROOM_SECRET_KEYS" in finding["remedy"] for finding in found)


def test_a_database_of_another_version_is_said_to_be_one(run: Run, settings: Settings) -> None:
    migrations.downgrade(settings, "-1")
    (finding,) = json.loads(run("--json").stdout)
    assert (finding["check"], finding["remedy"]) == ("migrations", "`proofroom migrate`")


def test_every_check_reads_a_database_that_is_not_empty(settings: Settings) -> None:
    damage(settings)

    async def go() -> None:
        db = Database(settings)
        async with db.service() as session:
            for check in CHECKS:
                columns = (await session.execute(check.statement, {"limit": 1})).keys()
                given = dict.fromkeys(columns, "")
                assert check.what.format(**given)
                assert check.remedy.format(**given)
        await db.dispose()

    asyncio.run(go())
