"""What stands around a review: where the words came from, every draft and decision of its thread, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from core import sql
from core.sql import Connection, Row, Statement
from services.reviewing.review_views import missing


@dataclass(frozen=True, slots=True)
class Context:
    """Rows as they read in JSON."""

    source: Row
    """As `agents.base.Source`."""
    cost_usd: Decimal
    """Of the whole workflow so far."""
    rules: Sequence[str]
    """Of style, that the writer was told."""
    thread_status: str
    drafts: Sequence[Row]
    """Of the thread, oldest first, with their score and without their words."""
    decisions: Sequence[Row]
    """Of the thread, oldest first, each with the `username` of who took it."""
    pending: Row | None
    """The `review_id` and `draft_id` of what waits in the thread, be it this review or another."""
    job: Row | None
    """The latest, with the `url` of its post."""
    readers: Mapping[str, Row]
    """Of a newsletter, by account: the `name` of its mailing list, and `count`, which stops at `COUNTED` + 1."""


COUNTED: Final = 10_000


async def find(connection: Connection, review_id: UUID) -> Context:
    """Raises NotFound."""
    found = await sql.row(connection, _CONTEXT, {"id": review_id})
    if found is None:
        raise missing()
    return Context(**{**found, "drafts": found["drafts"] or (), "decisions": found["decisions"] or ()})


_CONTEXT: Final = Statement.of(f"""
SELECT jsonb_build_object(
        'type', coalesce(w.source_content ->> 'type', 'text'), 'text', coalesce(w.source_content ->> 'text', ''),
        'title', w.source_content ->> 'title', 'url', w.source_content ->> 'url',
        'id', w.source_content ->> 'id', 'places', w.source_content -> 'places'
    ) AS source,
    (
        SELECT coalesce(sum(u.cost_usd), 0) FROM token_usage u WHERE u.workflow_id = w.id AND u.status <> 'reserved'
    ) AS cost_usd,
    array(
        SELECT x ->> 'rule' FROM jsonb_array_elements(w.manual_options -> 'style_rules') x
        WHERE coalesce(x ->> 'platform', p.platform) = p.platform
    ) AS rules, p.status AS thread_status, (
        SELECT jsonb_agg(jsonb_build_object('id', d.id, 'sequence', d.sequence, 'iteration', d.iteration,
            'source', d.source, 'based_on_id', d.based_on_id, 'model', d.model, 'created_at', d.created_at, 'score', (
                SELECT e.score FROM evaluations e WHERE e.draft_id = d.id ORDER BY e.created_at DESC, e.id DESC LIMIT 1
            )) ORDER BY d.sequence, d.created_at)
        FROM drafts d WHERE d.thread_id = p.id
    ) AS drafts, (
        SELECT jsonb_agg(jsonb_build_object('review_id', o.id, 'draft_id', o.draft_id, 'decision', o.decision,
            'approve', o.approve, 'decided_by', o.decided_by, 'username', who.username, 'decided_at', o.decided_at,
            'comment', o.comment) ORDER BY o.decided_at)
        FROM reviews o LEFT JOIN workspace_people() who ON who.user_id = o.decided_by
        WHERE o.thread_id = p.id AND o.status = 'decided'
    ) AS decisions, (
        SELECT jsonb_build_object('review_id', o.id, 'draft_id', o.draft_id)
        FROM reviews o WHERE o.thread_id = p.id AND o.status = 'pending' LIMIT 1
    ) AS pending, (
        SELECT jsonb_build_object('id', j.id, 'status', j.status, 'scheduled_for', j.scheduled_for,
            'simulated', j.simulated, 'url', (SELECT post.url FROM posts post WHERE post.publishing_job_id = j.id))
        FROM publishing_jobs j WHERE j.thread_id = p.id ORDER BY j.created_at DESC, j.id DESC LIMIT 1
    ) AS job, (
        SELECT coalesce(jsonb_object_agg(a.id, jsonb_build_object('name', l.name, 'count', (
                SELECT count(*)
                FROM (SELECT FROM subscribers WHERE list_id = l.id AND status = 'subscribed' LIMIT {COUNTED + 1}) s
            ))), '{{}}')
        FROM connected_accounts a JOIN mailing_lists l ON l.id = (a.metadata ->> 'list_id')::uuid
        WHERE p.platform = 'email' AND a.platform = 'email' AND a.status = 'active'
    ) AS readers
FROM reviews r
JOIN platform_states p ON p.id = r.thread_id
JOIN workflows w ON w.id = p.workflow_id
WHERE r.id = :id""")
