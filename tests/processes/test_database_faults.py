"""The database goes away, comes back, is full, takes nobody in: requests are answered, workers go on, nothing is lost."""

import os
import signal

from bench.service import Service
from tests.processes.caller import Witness
from tests.processes.load import under_load

_FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON workflows FOR EACH STATEMENT EXECUTE FUNCTION full_disk();
CREATE TRIGGER full_disk BEFORE INSERT ON drafts FOR EACH STATEMENT EXECUTE FUNCTION full_disk();
CREATE TRIGGER full_disk BEFORE INSERT ON posts FOR EACH STATEMENT EXECUTE FUNCTION full_disk();
"""
_ROOM = "DROP FUNCTION full_disk() CASCADE"
_CLOSED = """
ALTER DATABASE proofroom CONNECTION LIMIT 0;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'proofroom' AND usename = 'proofroom';
"""
_OPEN = "ALTER DATABASE proofroom CONNECTION LIMIT -1"


def test_nothing_is_lost_under_load(service: Service, witness: Witness) -> None:
    with under_load(service, callers=4) as load:
        witness.rows(_CLOSED)
        load.refused()
        witness.rows(_OPEN)
        load.goes_on()
        witness.rows(_FULL)
        load.refused()
        witness.rows(_ROOM)
        load.goes_on()
        service.restart_postgres()
        load.goes_on()
        os.kill(service.cluster.pid, signal.SIGKILL)
        load.refused()
        service.restart_postgres()
        load.goes_on()
    texts = witness.posts()
    for thread in load.published:
        assert texts.count(thread["active_draft"]["content"]) == 1
    failed = "SELECT status, error FROM platform_states WHERE status = 'failed' OR attempts > 0"
    assert witness.rows(failed) == []
