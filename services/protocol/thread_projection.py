"""What the rows still tell of a thread's state when its checkpoints are gone: all but the prompts."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from core import sql
from core.sql import Connection, Statement
from graphs.state import SourceInput

_SOURCE: Final = ", ".join(f"'{name}', w.source_content -> '{name}'" for name in SourceInput.__annotations__)
_VALUES: Final = Statement.of(f"""
SELECT p.id, jsonb_build_object(
    'source', jsonb_build_object({_SOURCE}),
    'options', coalesce(w.manual_options, '{{}}'),
    'drafts', (
        SELECT jsonb_agg(jsonb_build_object('id', d.id, 'sequence', d.sequence, 'iteration', d.iteration,
            'content', d.content, 'metadata', d.metadata, 'media', d.media, 'source', d.source,
            'based_on_id', d.based_on_id, 'provenance', d.provenance,
            'prompt', CASE WHEN d.prompt_hash IS NOT NULL
                THEN jsonb_build_object('model', d.model, 'hash', d.prompt_hash) END) ORDER BY d.sequence, d.created_at)
        FROM drafts d WHERE d.thread_id = p.id
    ),
    'evaluations', (
        SELECT jsonb_agg(jsonb_build_object('id', e.id, 'draft_id', e.draft_id, 'score', e.score,
            'criteria_scores', e.criteria_scores, 'findings', e.findings, 'violations', e.violations,
            'ungrounded', e.ungrounded,
            'feedback', e.feedback, 'model', e.model, 'prompt_hash', e.prompt_hash) ORDER BY e.created_at, e.id)
        FROM evaluations e JOIN drafts d ON d.id = e.draft_id WHERE d.thread_id = p.id
    ),
    'active_draft_id', p.active_draft_id,
    'decision', (
        SELECT jsonb_build_object('decision', r.decision, 'approve', r.approve, 'feedback', r.comment,
            'review_id', r.id, 'schedule_for', r.schedule_for, 'account_id', r.connected_account_id)
        FROM reviews r WHERE r.thread_id = p.id AND r.status = 'decided' ORDER BY r.created_at DESC, r.id DESC LIMIT 1
    ),
    'receipt', (
        SELECT jsonb_build_object('outcome', 'published', 'url', j.response_data -> 'url',
            'platform_post_id', j.response_data -> 'platform_post_id', 'reason', NULL)
        FROM publishing_jobs j WHERE j.thread_id = p.id AND j.status = 'published'
        ORDER BY j.created_at DESC LIMIT 1
    ),
    'outcome', CASE WHEN p.status IN ('published', 'rejected', 'cancelled') THEN p.status END
) AS values
FROM platform_states p JOIN workflows w ON w.id = p.workflow_id WHERE p.id = ANY(CAST(:ids AS uuid[]))
""")


async def read(connection: Connection, thread_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Those that have had a run, under the names of the graphs' state."""
    if not thread_ids:
        return {}
    found = await sql.rows(connection, _VALUES, {"ids": list(thread_ids)})
    return {
        row["id"]: {name: value for name, value in row["values"].items() if value is not None}
        for row in found
    }
