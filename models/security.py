"""What guards each table, as data: row security, grants and triggers. The migrations made them in the database;
`services.operations.schema` compares the two."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Table

from core.db import APP, SERVICE
from models.base import Base

WORKSPACE: Final = "(SELECT nullif(current_setting('proofroom.workspace_id', true), '')::uuid)"
"""In a sub-select, so that it is evaluated once for a query and not once for a row."""
USER: Final = "(SELECT nullif(current_setting('proofroom.user_id', true), '')::uuid)"
_MEMBERS: Final = f"(SELECT user_id FROM workspace_members WHERE workspace_id = {WORKSPACE})"

_READ: Final = "SELECT"
_KEEP: Final = "SELECT, INSERT, UPDATE"
_ALL: Final = "SELECT, INSERT, UPDATE, DELETE"

GRANTS: Final[dict[str, str]] = {
    "users": "SELECT, UPDATE, DELETE",
    "profiles": _KEEP,
    "user_sessions": _KEEP,
    "workspaces": "SELECT, UPDATE, DELETE",
    "workspace_members": _ALL,
    "invitations": _KEEP,
    "api_keys": _KEEP,
    "idempotency_keys": _ALL,
    "projects": _ALL,
    "campaigns": _ALL,
    "files": _ALL,
    "extractions": _KEEP,
    "uploads": _ALL,
    "upload_parts": _ALL,
    "transcriptions": "SELECT, UPDATE (clips_status, clips_error)",
    "clips": "SELECT, UPDATE (status, error)",
    "resources": _ALL,
    "templates": _ALL,
    "style_rules": _KEEP,
    "condensations": _READ,
    "workflows": _KEEP,
    "workflow_metadata": _READ,
    "threads": _KEEP,
    "platform_states": _KEEP,
    "runs": _ALL,
    "drafts": _READ,
    "evaluations": _READ,
    "reviews": "SELECT, UPDATE",
    "review_comments": _ALL,
    "review_presence": _ALL,
    "guest_links": _KEEP,
    "publishing_jobs": "SELECT, UPDATE (status, scheduled_for, connected_account_id, approved_hash, simulated, error)",
    "publishing_attempts": _READ,
    "posts": "SELECT, UPDATE (takedown_status)",
    "post_analyses": _READ,
    "media_files": _READ,
    "connected_accounts": _KEEP,
    "rate_limits": _READ,
    "token_usage": _READ,
    "budgets": _ALL,
    "processing_logs": _READ,
    "audit_logs": _READ,
    "webhooks": _ALL,
    "webhook_deliveries": _KEEP,
    "mailing_lists": _ALL,
    "subscribers": _ALL,
    "email_deliveries": "SELECT, UPDATE (outcome, detail)",
    "feeds": _ALL,
    "feed_entries": _KEEP,
}
"""What a request may do. What is missing here is written by the worker, by triggers or by models.functions."""

AUDITED: Final[dict[str, tuple[str, str]]] = {
    "users": (
        "",
        "email, email_index, hashed_password, external_subject, username, display_name, avatar_url",
    ),
    "user_sessions": ("revoked_at", "token_hash, ip, user_agent"),
    "workspaces": ("", ""),
    "workspace_members": ("", ""),
    "invitations": ("", "email, email_index, token_hash"),
    "api_keys": ("name, scopes, expires_at, revoked_at", "key_hash"),
    "connected_accounts": ("credentials, status, base_url, platform_user_id, scope", "credentials"),
    "budgets": ("", ""),
    "guest_links": ("", "token_hash"),
    "webhooks": ("url, events, status, secret", "secret, previous_secret"),
    "reviews": ("decision, assignee_id", "comment, edited"),
    "publishing_jobs": ("connected_account_id, approved_hash, scheduled_for", ""),
}
"""Table: the columns whose change is recorded (none named: any), and those whose values are not shown."""

RECORDS: Final = frozenset({"reviews", "publishing_jobs"})
"""Their rows are the record of themselves; only what people change on them later is audited."""


_CHANGED: Final = "OLD.status IS DISTINCT FROM NEW.status"
_ENDED: Final = (
    "(OLD.status = 'pending' OR OLD.status = 'running') "
    "AND NOT (NEW.status = 'pending' OR NEW.status = 'running') AND NEW.request ? 'webhook'"
)

EVENTS: Final[dict[str, tuple[tuple[str, str, str, str], ...]]] = {
    "platform_states": (
        ("event", "INSERT", "", "log_thread_status"),
        ("event_changed", "UPDATE OF status", _CHANGED, "log_thread_status"),
        ("workflow_status", "UPDATE OF status", _CHANGED, "derive_workflow_status"),
        (
            "wake",
            "INSERT OR UPDATE OF due_at, lease_until",
            "NEW.due_at IS NOT NULL AND NEW.lease_until IS NULL",
            "wake_workers",
        ),
        ("run", "UPDATE OF status, lease_until", "NEW.run_id IS NOT NULL", "follow_run"),
    ),
    "runs": (("webhook", "UPDATE OF status", _ENDED, "tell_of_run"),),
    "workflows": (("event", "UPDATE OF status", _CHANGED, "log_workflow_status"),),
    "drafts": (("event", "INSERT", "", "log_draft"),),
    "evaluations": (("event", "INSERT", "", "log_evaluation"),),
    "reviews": (
        ("event", "INSERT", "", "log_review"),
        ("event_changed", "UPDATE OF status", _CHANGED, "log_review"),
    ),
    "publishing_jobs": (
        ("event", "INSERT", "", "log_job_status"),
        ("event_changed", "UPDATE OF status", _CHANGED, "log_job_status"),
    ),
    "clips": (("object", "DELETE", "OLD.path IS NOT NULL", "delete_object"),),
    "posts": (("event", "INSERT", "NEW.publishing_job_id IS NOT NULL", "log_post"),),
    "files": (
        ("object", "DELETE", "", "delete_object"),
        (
            "event_changed",
            "UPDATE OF extraction_status",
            "OLD.extraction_status IS DISTINCT FROM NEW.extraction_status",
            "log_extraction",
        ),
    ),
    "uploads": (("staging", "DELETE", "", "delete_staging"),),
}
"""Table: (trigger, events, condition, function) of what the event streams, the workflow's status and the workers
wait for, and of what goes from the object store with its row."""


def protect(table: Table) -> Iterator[str]:
    """The statements that turn row security on, with the table's policies and grants."""
    yield f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY"
    for name, command, role, condition in policies(table):
        check = f" WITH CHECK ({condition})" if command == "ALL" else ""
        yield f"CREATE POLICY {name} ON {table.name} FOR {command} TO {role} USING ({condition}){check}"
    yield f"GRANT {GRANTS[table.name]} ON {table.name} TO {APP}"
    yield f"GRANT {_ALL} ON {table.name} TO {SERVICE}"


def policies(table: Table) -> Iterator[tuple[str, str, str, str]]:
    """(name, command, role, condition). A service is held to a workspace only while one is set."""
    name = table.name
    match name:
        case "users":
            yield f"{name}_owner_all", "ALL", APP, f"id = {USER}"
            yield f"{name}_service_all", "ALL", SERVICE, f"{WORKSPACE} IS NULL OR id IN {_MEMBERS}"
        case "profiles" | "user_sessions":
            yield f"{name}_owner_all", "ALL", APP, f"user_id = {USER}"
            yield f"{name}_service_all", "ALL", SERVICE, f"{WORKSPACE} IS NULL OR user_id IN {_MEMBERS}"
        case "workspaces":
            mine = f"(SELECT workspace_id FROM workspace_members WHERE user_id = {USER})"
            yield f"{name}_workspace_all", "ALL", APP, f"id = {WORKSPACE}"
            yield f"{name}_owner_select", "SELECT", APP, f"id IN {mine}"
            yield f"{name}_service_all", "ALL", SERVICE, f"{WORKSPACE} IS NULL OR id = {WORKSPACE}"
        case _:
            yield f"{name}_workspace_all", "ALL", APP, f"workspace_id = {WORKSPACE}"
            if name == "workspace_members":
                yield f"{name}_owner_select", "SELECT", APP, f"user_id = {USER}"
            shared = ""
            if name == "templates":
                yield f"{name}_workspace_select", "SELECT", APP, "workspace_id IS NULL"
                shared = " OR workspace_id IS NULL"
            condition = f"{WORKSPACE} IS NULL OR workspace_id = {WORKSPACE}{shared}"
            yield f"{name}_service_all", "ALL", SERVICE, condition


def triggers(table: Table) -> Iterator[str]:
    """The statements that make the table's triggers."""
    name = table.name
    yield (
        f"CREATE TRIGGER trg_{name}_updated_at BEFORE UPDATE ON {name} FOR EACH ROW EXECUTE FUNCTION set_updated_at()"
    )
    if name in AUDITED:
        watched, hidden = AUDITED[name]
        arguments = ", ".join(f"'{column}'" for column in hidden.split(", ") if column)
        action = f"FOR EACH ROW {{}}EXECUTE FUNCTION audit({arguments})"
        columns = f" OF {watched}" if watched else ""
        if name in RECORDS:
            changes = " OR ".join(
                f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in watched.split(", ")
            )
            events, action = f"UPDATE{columns}", action.format(f"WHEN ({changes}) ")
        else:
            events, action = f"INSERT OR UPDATE{columns} OR DELETE", action.format("")
        yield f"CREATE TRIGGER trg_{name}_audit AFTER {events} ON {name} {action}"
    for event, events, condition, function in EVENTS.get(name, ()):
        when = f"WHEN ({condition}) " if condition else ""
        yield f"CREATE TRIGGER trg_{name}_{event} AFTER {events} ON {name} FOR EACH ROW {when}EXECUTE FUNCTION {function}()"
    if name == "drafts":
        yield "CREATE TRIGGER trg_drafts_immutable BEFORE UPDATE ON drafts FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    if name == "posts":
        watched = "title, text_content, author_handle, activity_type"
        yield (
            f"CREATE TRIGGER trg_posts_search_vector BEFORE INSERT OR UPDATE OF {watched} ON posts "
            "FOR EACH ROW EXECUTE FUNCTION set_search_vector()"
        )
    if name == "workflows":
        yield (
            "CREATE TRIGGER trg_workflows_template BEFORE INSERT OR UPDATE OF template_id, workspace_id ON workflows "
            "FOR EACH ROW WHEN (NEW.template_id IS NOT NULL) EXECUTE FUNCTION check_template()"
        )
        yield (
            "CREATE TRIGGER trg_workflows_metadata AFTER INSERT ON workflows "
            "FOR EACH ROW WHEN (NEW.metadata <> '{}') EXECUTE FUNCTION keep_metadata()"
        )


def tables() -> list[Table]:
    """Every mapped table, referenced ones first."""
    return list(Base.metadata.sorted_tables)
