"""What an advance of a thread produced, written in one statement that the claim's epoch fences.

There is no moment at which one of these rows is written and another is not, and a worker whose claim was given
away writes nothing at all. Events and wake-ups are made by triggers on the rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import orjson

from core import sql
from core.sql import Connection, Statement
from services import checkpoints
from services.claims import Claim, ClaimLost

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """`hold`: the claim goes on (a slow step's commit). Otherwise the thread is released, due at `due_at`,
    or `due_in` seconds from now, or not at all until somebody wakes it."""

    status: str
    thread_status: str
    """LangGraph's word: idle, busy, interrupted or error."""
    active_draft_id: UUID | None = None
    iteration: int | None = None
    error: str | None = None
    attempts: int = 0
    hold: bool = False
    due_at: datetime | None = None
    due_in: float | None = None
    lease_seconds: float = 0
    drafts: Sequence[Row] = ()
    evaluations: Sequence[Row] = ()
    reviews: Sequence[Row] = ()
    jobs: Sequence[Row] = ()
    job_attempts: Sequence[Row] = ()
    posts: Sequence[Row] = ()
    usage: Sequence[Row] = ()
    """Token usage that is not recorded yet."""
    paid: Sequence[Row] = ()
    """Usage that is recorded, now to be linked to its draft."""
    checkpoint: checkpoints.CheckpointRows = field(default_factory=checkpoints.CheckpointRows)


_FENCE: Final = """
fence AS (
    UPDATE platform_states SET
        status = CAST(:status AS text),
        active_draft_id = coalesce(CAST(:active_draft_id AS uuid), active_draft_id),
        iteration = coalesce(CAST(:iteration AS int), iteration),
        error = CAST(:error AS text), attempts = :attempts, lost_leases = 0,
        lease_until = CASE WHEN :hold THEN now() + make_interval(secs => :lease) END,
        held_by = CASE WHEN :hold THEN held_by END,
        due_at = CASE
            WHEN due_at < lease_until AND :hold THEN due_at
            WHEN :hold THEN now() + make_interval(secs => :lease)
            WHEN due_at < lease_until THEN now()
            ELSE coalesce(CAST(:due_at AS timestamptz), now() + make_interval(secs => CAST(:due_in AS float8)))
        END
    WHERE id = :id AND epoch = :epoch AND lease_until IS NOT NULL
    RETURNING id, workspace_id, workflow_id, platform
), thread AS (
    UPDATE threads t SET status = CAST(:thread_status AS text)
    FROM fence f WHERE t.id = f.id AND t.status <> CAST(:thread_status AS text)
)"""

# PostgreSQL runs the parts that nothing reads from last to first: so events come as draft, evaluation, review, job.
_ROWS: Final = {
    "paid": """
linked AS (
    UPDATE token_usage t SET draft_id = x.draft_id
    FROM fence f, jsonb_to_recordset(CAST(:paid AS jsonb)) AS x(id uuid, draft_id uuid)
    WHERE t.workspace_id = f.workspace_id AND t.id = x.id
)""",
    "usage": """
spent AS (
    INSERT INTO token_usage AS t (id, workspace_id, workflow_id, thread_id, draft_id, service, model, prompt_hash,
        input_tokens, output_tokens, cost_usd, latency_ms, status)
    SELECT x.id, f.workspace_id, f.workflow_id, f.id, x.draft_id, x.service, x.model, x.prompt_hash, x.input_tokens,
        x.output_tokens, x.cost_usd, x.latency_ms, x.status
    FROM fence f, jsonb_to_recordset(CAST(:usage AS jsonb)) AS x(id uuid, draft_id uuid, service text, model text,
        prompt_hash text, input_tokens int, output_tokens int, cost_usd numeric, latency_ms int, status text)
    -- Reserved at its highest price, or recorded by a commit that was never answered.
    ON CONFLICT (id) DO UPDATE SET draft_id = coalesce(EXCLUDED.draft_id, t.draft_id),
        input_tokens = EXCLUDED.input_tokens, output_tokens = EXCLUDED.output_tokens, cost_usd = EXCLUDED.cost_usd,
        latency_ms = EXCLUDED.latency_ms, status = EXCLUDED.status
)""",
    "posts": """
post AS (
    INSERT INTO posts (id, workspace_id, user_id, campaign_id, publishing_job_id, source_post_id,
        connected_account_id, platform, platform_post_id, content_type, title, url, slug, text_content, html_content,
        content_hash, created_at_platform, published, simulated)
    SELECT x.id, f.workspace_id, w.user_id, w.campaign_id, x.publishing_job_id,
        -- Of what a source was published as twice, the first is told by the source: a person has let both out.
        CASE WHEN NOT EXISTS (SELECT FROM posts o WHERE o.workspace_id = f.workspace_id
            AND o.source_post_id = w.source_post_id AND o.platform = f.platform
            AND o.connected_account_id = x.connected_account_id) THEN w.source_post_id END,
        x.connected_account_id, f.platform, x.platform_post_id, x.content_type, x.title, x.url, x.slug,
        x.text_content, x.html_content, x.content_hash, now(), true, x.simulated
    FROM fence f JOIN workflows w ON w.workspace_id = f.workspace_id AND w.id = f.workflow_id,
        jsonb_to_recordset(CAST(:posts AS jsonb)) AS x(id uuid, publishing_job_id uuid, connected_account_id uuid,
        platform_post_id text, content_type text, title text, url text, slug text, text_content text,
        html_content text, content_hash text, simulated boolean)
    ON CONFLICT (workspace_id, platform, platform_post_id) DO UPDATE SET
        publishing_job_id = coalesce(posts.publishing_job_id, EXCLUDED.publishing_job_id), published = true
)""",
    "job_attempts": """
attempt AS (
    INSERT INTO publishing_attempts (id, workspace_id, publishing_job_id, kind, started_at, ended_at, outcome, evidence)
    SELECT x.id, f.workspace_id, x.publishing_job_id, x.kind, now() - make_interval(secs => x.seconds), now(),
        x.outcome, x.evidence
    FROM fence f, jsonb_to_recordset(CAST(:job_attempts AS jsonb)) AS x(id uuid, publishing_job_id uuid, kind text,
        seconds float8, outcome text, evidence jsonb)
    ON CONFLICT (id) DO NOTHING
)""",
    "jobs": """
job AS (
    INSERT INTO publishing_jobs AS j (id, workspace_id, workflow_id, thread_id, draft_id, review_id,
        connected_account_id, platform, status, scheduled_for, idempotency_key, approved_hash, simulated, attempts,
        first_attempt_at, deadline, published_at, response_data, error)
    SELECT x.id, f.workspace_id, f.workflow_id, f.id, x.draft_id, x.review_id, x.connected_account_id, f.platform,
        x.status, x.scheduled_for, x.idempotency_key, x.approved_hash, x.simulated, x.attempts,
        CASE WHEN x.attempts > 0 THEN now() END, now() + make_interval(secs => x.deadline_in),
        CASE WHEN x.status = 'published' THEN now() END, x.response_data, x.error
    FROM fence f, jsonb_to_recordset(CAST(:jobs AS jsonb)) AS x(id uuid, draft_id uuid, review_id uuid,
        connected_account_id uuid, status text, scheduled_for timestamptz, idempotency_key text, approved_hash text,
        simulated boolean, attempts int, deadline_in float8, response_data jsonb, error jsonb)
    ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status, attempts = EXCLUDED.attempts,
        connected_account_id = EXCLUDED.connected_account_id, simulated = EXCLUDED.simulated,
        first_attempt_at = coalesce(j.first_attempt_at, EXCLUDED.first_attempt_at),
        deadline = coalesce(EXCLUDED.deadline, j.deadline), published_at = coalesce(j.published_at, EXCLUDED.published_at),
        response_data = coalesce(EXCLUDED.response_data, j.response_data), error = EXCLUDED.error
)""",
    "reviews": """
review AS (
    INSERT INTO reviews (id, workspace_id, thread_id, draft_id, platform, interrupt_id, status, seen_hash,
        connected_account_id, schedule_for, refusal)
    SELECT x.id, f.workspace_id, f.id, x.draft_id, f.platform, x.interrupt_id, 'pending', x.seen_hash,
        x.connected_account_id, x.schedule_for, x.refusal
    FROM fence f, jsonb_to_recordset(CAST(:reviews AS jsonb)) AS x(id uuid, draft_id uuid, interrupt_id text,
        seen_hash text, connected_account_id uuid, schedule_for timestamptz, refusal jsonb)
    ON CONFLICT (thread_id, interrupt_id) DO NOTHING
)""",
    "evaluations": """
evaluation AS (
    INSERT INTO evaluations (id, workspace_id, draft_id, score, feedback, criteria_scores, findings, violations,
        model, prompt_hash, ungrounded)
    SELECT x.id, f.workspace_id, x.draft_id, x.score, x.feedback, x.criteria_scores, x.findings, x.violations,
        x.model, x.prompt_hash, coalesce(x.ungrounded, '[]')
    FROM fence f, jsonb_to_recordset(CAST(:evaluations AS jsonb)) AS x(id uuid, draft_id uuid, score int,
        feedback text, criteria_scores jsonb, findings jsonb, violations jsonb, model text, prompt_hash text,
        ungrounded jsonb)
    ON CONFLICT (id) DO NOTHING
)""",
    "drafts": """
draft AS (
    INSERT INTO drafts (id, workspace_id, workflow_id, thread_id, platform, content, metadata, media, content_hash,
        source, based_on_id, sequence, iteration, model, prompt_hash, checkpoint_id, provenance)
    SELECT x.id, f.workspace_id, f.workflow_id, f.id, f.platform, x.content, x.metadata, x.media, x.content_hash,
        x.source, x.based_on_id, x.sequence, x.iteration, x.model, x.prompt_hash, x.checkpoint_id,
        coalesce(x.provenance, '[]')
    FROM fence f, jsonb_to_recordset(CAST(:drafts AS jsonb)) AS x(id uuid, content text, metadata jsonb, media jsonb,
        content_hash text, source text, based_on_id uuid, sequence int, iteration int, model text, prompt_hash text,
        checkpoint_id text, provenance jsonb)
    ON CONFLICT (id) DO NOTHING
)""",
}


@cache
def _statement(kinds: tuple[str, ...]) -> Statement:
    """One that touches no table for which there are no rows: opening it, its indexes and its triggers takes longer than
    anything else here."""
    return Statement.of(
        f"WITH {', '.join((_FENCE, *(({**_ROWS, **checkpoints.WRITES})[kind] for kind in kinds)))} SELECT id FROM fence"
    )


async def commit(connection: Connection, claim: Claim, advance: Advance) -> None:
    """Write it all. Raises ClaimLost when the claim is no longer ours."""
    rows = {kind: getattr(advance, kind) for kind in _ROWS if getattr(advance, kind)}
    parameters = {
        "id": claim.thread_id,
        "epoch": claim.epoch,
        "status": advance.status,
        "thread_status": advance.thread_status,
        "active_draft_id": advance.active_draft_id,
        "iteration": advance.iteration,
        "error": advance.error,
        "attempts": advance.attempts,
        "hold": advance.hold,
        "lease": advance.lease_seconds,
        "due_at": advance.due_at,
        "due_in": advance.due_in,
        **{kind: _json(given) for kind, given in rows.items()},
        **advance.checkpoint.parameters(),
    }
    statement = _statement((*rows, *advance.checkpoint.kinds()))
    if await sql.row(connection, statement, parameters) is None:
        raise ClaimLost


def _json(rows: Sequence[Row]) -> str:
    return orjson.dumps(list(rows), default=str).decode()
