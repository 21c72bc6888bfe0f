"""Reserving an account's next post in one call.

A function and not one statement: what each of its statements reads, it reads after the lock has been had.
"""

from alembic import op

revision = "20261121_35"
down_revision = "20261121_30"
branch_labels = None
depends_on = None

# Its own commit need not wait for the disk: the job's, which follows and does, makes this one durable with it.
RESERVE_POST = """
CREATE FUNCTION reserve_post(p_account_id uuid, p_quotas jsonb, p_gap_seconds int, p_missed boolean) RETURNS float8
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    workspace uuid;
    wait float8;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT workspace_id INTO workspace FROM connected_accounts WHERE id = p_account_id FOR NO KEY UPDATE;
    SELECT EXTRACT(EPOCH FROM max(greatest(
        blocked_until,
        CASE WHEN bucket <> 'catch_up' AND used >= quota OR bucket = 'catch_up' AND p_missed
            THEN window_started_at + make_interval(secs => window_seconds) END
    )) - now()) INTO wait FROM rate_limits WHERE connected_account_id = p_account_id;
    IF wait > 0 THEN
        RETURN wait;
    END IF;
    INSERT INTO rate_limits AS r (id, workspace_id, connected_account_id, bucket, window_started_at, window_seconds,
        used, quota)
    SELECT gen_random_uuid(), workspace, p_account_id, q.bucket, now(), q.window_seconds, 1, q.quota
    FROM (
        SELECT bucket, window_seconds, quota
        FROM jsonb_to_recordset(p_quotas) AS given(bucket text, window_seconds int, quota int)
        UNION ALL SELECT 'catch_up', p_gap_seconds, 1
    ) q
    ON CONFLICT (connected_account_id, bucket) DO UPDATE SET
        window_seconds = EXCLUDED.window_seconds, quota = EXCLUDED.quota,
        used = CASE WHEN r.window_started_at + make_interval(secs => r.window_seconds) <= now() THEN 1
            ELSE r.used + 1 END,
        window_started_at = CASE
            WHEN r.window_started_at + make_interval(secs => r.window_seconds) <= now() OR r.bucket = 'catch_up'
                THEN now()
            ELSE r.window_started_at
        END;
    RETURN NULL;
END $$
"""
SIGNATURE = "reserve_post(uuid, jsonb, int, boolean)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(RESERVE_POST)
    op.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO proofroom_service")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {SIGNATURE}")
