"""What the database does by itself."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, and_, func, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.db import APP, SERVICE
from models.security import AUDITED, RECORDS, tables
from services.operations.schema_proofs import enter
from tests.plugins.rows import TwoWorkspaces

pytestmark = pytest.mark.database


def test_updated_at_is_kept_in_every_table(connection: Connection, two: TwoWorkspaces) -> None:
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    for table in tables():
        if table.name == "drafts":
            continue
        row = two.mine[table.name]
        here = and_(*(key == row[key.name] for key in table.primary_key.columns))
        connection.execute(update(table).where(here).values(updated_at=long_ago))
        assert connection.scalar(select(table.c.updated_at == func.now()).where(here)), table.name


def test_a_draft_never_changes(connection: Connection, two: TwoWorkspaces) -> None:
    with pytest.raises(DBAPIError, match="rows of drafts never change"):
        connection.execute(text("UPDATE drafts SET content = 'Other words'"))


def test_the_audit_names_who_changed_what_and_shows_no_secret(
    connection: Connection, two: TwoWorkspaces
) -> None:
    enter(connection, APP, two.workspace_id, two.user_id)
    connection.execute(text("UPDATE api_keys SET name = 'Renamed', revoked_at = now()"))
    connection.execute(text("UPDATE connected_accounts SET credentials = '\\x00ff', status = 'error'"))
    connection.execute(text("DELETE FROM budgets"))
    found = connection.execute(
        text("""SELECT table_name, operation, user_id, old_values, new_values FROM audit_logs
                WHERE user_id IS NOT NULL AND table_name NOT LIKE 'table_name %' ORDER BY id""")
    ).all()
    key, account, budget = found
    assert {row.user_id for row in found} == {two.user_id}
    assert (key.table_name, key.operation) == ("api_keys", "UPDATE")
    assert key.old_values["name"] == two.mine["api_keys"]["name"]
    assert key.new_values["name"] == "Renamed"
    assert key.new_values["key_hash"] == "[redacted]"
    assert account.old_values["credentials"] == "[redacted]"
    assert account.new_values["credentials"] == "[redacted, changed]"
    assert account.new_values["status"] == "error"
    assert (budget.table_name, budget.operation, budget.new_values) == ("budgets", "DELETE", None)


def test_no_secret_of_any_audited_table_is_in_the_audit(connection: Connection, two: TwoWorkspaces) -> None:
    recorded = (
        connection.execute(
            text("SELECT DISTINCT table_name FROM audit_logs WHERE table_name NOT LIKE 'table_name %'")
        )
        .scalars()
        .all()
    )
    assert set(recorded) == set(AUDITED) - RECORDS
    everything = connection.scalar(text("SELECT string_agg(a::text, ' ') FROM audit_logs a")) or ""
    for name, (_, hidden) in AUDITED.items():
        for column in filter(None, hidden.split(", ")):
            value = two.mine[name][column]
            secret = value.hex() if isinstance(value, bytes) else value
            assert not secret or secret not in everything, f"{name}.{column}"


def test_a_request_cannot_write_or_change_the_audit(connection: Connection, two: TwoWorkspaces) -> None:
    enter(connection, APP, two.workspace_id, two.user_id)
    for statement in (
        "DELETE FROM audit_logs",
        "UPDATE audit_logs SET new_values = '{}'",
        "INSERT INTO audit_logs (table_name, operation, new_values) VALUES ('users', 'INSERT', '{}')",
    ):
        with pytest.raises(DBAPIError, match="permission denied"), connection.begin_nested():
            connection.execute(text(statement))


def test_binding_another_account_to_a_job_is_audited_and_its_progress_is_not(
    connection: Connection, two: TwoWorkspaces
) -> None:
    audited = text("SELECT new_values FROM audit_logs WHERE table_name = 'publishing_jobs'")
    job = {"id": two.mine["publishing_jobs"]["id"]}
    connection.execute(
        text("UPDATE publishing_jobs SET status = 'publishing', attempts = 1 WHERE id = :id"), job
    )
    connection.execute(
        text("UPDATE publishing_jobs SET connected_account_id = connected_account_id WHERE id = :id"), job
    )
    assert connection.scalars(audited).all() == []
    connection.execute(text("UPDATE publishing_jobs SET connected_account_id = NULL WHERE id = :id"), job)
    assert [row["connected_account_id"] for row in connection.scalars(audited)] == [None]


def test_the_audit_leaves_the_workspace_as_it_was_set(connection: Connection, two: TwoWorkspaces) -> None:
    for role in (APP, SERVICE):
        enter(connection, role, two.workspace_id, two.user_id)
        connection.execute(text("UPDATE workspaces SET name = name || '.'"))
        held = connection.scalar(text("SELECT current_setting('proofroom.workspace_id')"))
        assert held == str(two.workspace_id)


def test_a_post_is_found_by_its_words_author_and_activity(connection: Connection, two: TwoWorkspaces) -> None:
    found = text("SELECT count(*) FROM posts WHERE search_vector @@ websearch_to_tsquery('simple', :words)")
    connection.execute(
        text("""UPDATE posts SET text_content = 'A long ride home', author_handle = 'ada', activity_type = 'Ride'
                WHERE id = :id"""),
        {"id": two.mine["posts"]["id"]},
    )
    for words in ("long home", "ada", "ride -walk"):
        assert connection.scalar(found, {"words": words}) == 1, words
    assert connection.scalar(found, {"words": "walk"}) == 0


def test_a_text_of_a_million_unusual_characters_can_be_a_post(
    connection: Connection, two: TwoWorkspaces
) -> None:
    words = " ".join(f"\U0001f600{number:x}é" for number in range(120_000))[:1_000_000]
    changed = connection.execute(
        text("UPDATE posts SET text_content = :words WHERE id = :id"),
        {"words": words, "id": two.mine["posts"]["id"]},
    )
    assert changed.rowcount == 1


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE evaluations SET score = 101", "ck_evaluations_score"),
        ("UPDATE platform_states SET status = 'lost'", "ck_platform_states_status"),
        ("UPDATE platform_states SET attempts = -1", "ck_platform_states_attempts"),
        ("UPDATE token_usage SET cost_usd = -1", "ck_token_usage_cost_usd"),
        ("UPDATE reviews SET status = 'decided'", "ck_reviews_decided"),
        ("UPDATE connected_accounts SET credentials = NULL", "ck_connected_accounts_credentials"),
        ("UPDATE campaigns SET starts_on = '2026-02-02', ends_on = '2026-01-01'", "ck_campaigns_dates"),
        ("UPDATE projects SET description = repeat('x', 5001)", "ck_projects_description_length"),
        ("UPDATE users SET username = (SELECT upper(min(username)) FROM users)", "uq_users_username"),
        (
            "INSERT INTO platform_states (id, workspace_id, workflow_id, platform) SELECT gen_random_uuid(),"
            " workspace_id, workflow_id, platform FROM platform_states",
            "uq_platform_states_workspace_id_workflow_id_platform",
        ),
    ],
)
def test_bad_rows_are_refused_by_name(
    connection: Connection, two: TwoWorkspaces, statement: str, constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        connection.execute(text(statement))
