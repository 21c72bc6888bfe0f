"""What the doctor asks the database, and what each answer means. Each statement has up to `:limit` things that are
wrong, and in `total` how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import TextClause, text

from services.operations.housekeeping import STUCK_SECONDS


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    what: str
    remedy: str
    """Both with the statement's columns in braces."""
    statement: TextClause

    @classmethod
    def of(cls, name: str, what: str, remedy: str, sql: str) -> "Check":
        return cls(
            name, what, remedy, text(f"SELECT *, count(*) OVER () AS total FROM ({sql}) found LIMIT :limit")
        )


CHECKS: Final[Sequence[Check]] = (
    Check.of(
        "worker",
        "{waiting} threads have been due for up to {minutes} minutes, and no worker takes them.",
        "Start a worker: `proofroom worker`. Where one runs, its log says what keeps it.",
        """
        SELECT count(*) AS waiting, floor(extract(epoch FROM now() - min(due_at)) / 60)::int AS minutes
        FROM platform_states WHERE due_at < now() - interval '2 minutes' AND (lease_until IS NULL OR lease_until < now())
        HAVING count(*) > 0
        """,
    ),
    Check.of(
        "queue",
        "{waiting} jobs of the queue wait, the first of them since {minutes} minutes: {tasks}.",
        "Start a worker: `proofroom worker`. Where one runs, its log says what keeps it.",
        """
        SELECT count(*) AS waiting, string_agg(DISTINCT task_name, ', ') AS tasks,
            floor(extract(epoch FROM now() - min(at)) / 60)::int AS minutes
        FROM (
            SELECT j.id, j.task_name, coalesce(j.scheduled_at, min(e.at)) AS at
            FROM procrastinate_jobs j LEFT JOIN procrastinate_events e ON e.job_id = j.id
            WHERE j.status = 'todo' GROUP BY j.id
        ) waiting
        WHERE at < now() - interval '10 minutes'
        HAVING count(*) > 0
        """,
    ),
    Check.of(
        "stuck",
        "The thread {id} on {platform} reads {status}, and nobody has been to look after it for {minutes} minutes.",
        "The worker takes it up again within the hour; where none runs: `proofroom worker`.",
        f"""
        SELECT id, platform, status, (extract(epoch FROM now() - updated_at) / 60)::int AS minutes FROM platform_states p
        WHERE due_at IS NULL AND status IN ('generating', 'evaluating')
            AND updated_at < now() - interval '{STUCK_SECONDS} seconds'
            AND EXISTS (SELECT FROM threads t WHERE t.id = p.id AND t.deleted_at IS NULL)
        ORDER BY updated_at
        """,
    ),
    Check.of(
        "failed",
        "The thread {id} on {platform} failed on {at}.",
        "What went wrong stands on the page /workflows/{workflow_id}; mend that, then `proofroom workflows retry {id}`.",
        """
        SELECT p.id, p.platform, p.workflow_id, to_char(p.updated_at, 'YYYY-MM-DD HH24:MI') AS at
        FROM platform_states p JOIN workflows w ON w.id = p.workflow_id AND w.status <> 'archived'
        WHERE p.status = 'failed' ORDER BY p.updated_at DESC
        """,
    ),
    Check.of(
        "unknown",
        "Whether the post of job {id} is out on {platform} is not known.",
        "Look there, then say so on the page /ledger/{id}, or `proofroom jobs reconcile {id}`.",
        "SELECT id, platform FROM publishing_jobs WHERE status = 'unknown' ORDER BY created_at DESC",
    ),
    Check.of(
        "held",
        "The post of job {id} on {platform} is held: {code}.",
        "What to do stands on the page /ledger/{id}; then `proofroom jobs retry {id}`.",
        """
        SELECT id, platform, coalesce(error ->> 'code', 'no reason is told') AS code
        FROM publishing_jobs WHERE status = 'held' ORDER BY created_at DESC
        """,
    ),
    Check.of(
        "takedown",
        "The post {id} on {platform} was to be taken down {minutes} minutes ago.",
        "Take it down on the platform itself, or ask again: `proofroom posts unpublish {id}`.",
        """
        SELECT id, platform, (extract(epoch FROM now() - updated_at) / 60)::int AS minutes FROM posts
        WHERE takedown_status = 'takedown_pending' AND updated_at < now() - interval '6 hours' ORDER BY updated_at
        """,
    ),
    Check.of(
        "accounts",
        "The account {username} on {platform} reads {status}.",
        "Connect it again on the page /settings/accounts.",
        """
        SELECT username, platform, CASE WHEN status = 'active' THEN 'expired' ELSE status END AS status
        FROM connected_accounts
        WHERE status IN ('error', 'token_expired') OR (status = 'active' AND token_expires_at < now())
        ORDER BY updated_at DESC
        """,
    ),
    Check.of(
        "feeds",
        "The feed {id} is paused after {error_count} failures.",
        "Look at it on the page /library/feeds; `proofroom feeds resume {id}` goes on with it.",
        """
        SELECT id, error_count FROM feeds WHERE status = 'paused' AND error IS NOT NULL ORDER BY updated_at DESC
        """,
    ),
    Check.of(
        "webhooks",
        "The webhook {id} is disabled.",
        "See why on the page /settings/webhooks/{id}, mend that, then `proofroom webhooks update {id} --status active`.",
        "SELECT id FROM webhooks WHERE status = 'disabled' ORDER BY updated_at DESC",
    ),
    Check.of(
        "deliveries",
        "{dead} deliveries of the webhook {id} were given up.",
        "Send them again from the page /settings/webhooks/{id}, or `proofroom webhooks replay {id} --since TIME`.",
        """
        SELECT webhook_id AS id, count(*) AS dead FROM webhook_deliveries WHERE status = 'dead' GROUP BY webhook_id
        ORDER BY count(*) DESC
        """,
    ),
    Check.of(
        "extractions",
        "The text of the file {id} ({mime_type}) could not be got, and another try may get it.",
        "Why stands on the page /library/files/{id}; then `proofroom files retry {id}`.",
        """
        SELECT id, mime_type FROM files WHERE extraction_status = 'failed' AND retryable
        ORDER BY created_at DESC
        """,
    ),
    Check.of(
        "unread",
        "The text of the file {id} has been {status} for {minutes} minutes.",
        "The worker asks for it again within the hour; where none runs: `proofroom worker`.",
        f"""
        SELECT id, extraction_status AS status, (extract(epoch FROM now() - updated_at) / 60)::int AS minutes FROM files f
        WHERE extraction_status IN ('pending', 'processing') AND updated_at < now() - interval '{STUCK_SECONDS} seconds'
            AND NOT EXISTS (SELECT FROM extractions e WHERE e.file_id = f.id AND e.due_at > now())
        ORDER BY updated_at
        """,
    ),
    Check.of(
        "uploads",
        "{left} uploads that nobody went on with were not removed.",
        "A worker does that each night: `proofroom worker`.",
        """
        SELECT count(*) AS left FROM uploads WHERE expires_at < now() - interval '2 days' HAVING count(*) > 0
        """,
    ),
    Check.of(
        "budgets",
        "The workspace {workspace_id} has spent ${spent} of its ${limit_usd} for this {period}: nothing more is written.",
        "Raise or lift the limit on the page /settings/budgets, or wait for the next {period}.",
        """
        SELECT * FROM (
            SELECT b.workspace_id, b.period, b.limit_usd, (
                SELECT coalesce(sum(u.cost_usd), 0) FROM token_usage u
                WHERE u.workspace_id = b.workspace_id AND u.created_at >= date_trunc(b.period::text, now(), 'UTC')
            ) AS spent FROM budgets b
        ) state WHERE spent >= limit_usd ORDER BY workspace_id
        """,
    ),
)
