"""A newsletter on its way: who is next, and what became of each. See docs/decisions/0022-newsletters.md.

A recipient's row is committed as `sending` before the mail server is spoken to, and only who has inserted it, or taken
up a deferred one, sends. So nobody is mailed twice, however many workers believe that the job is theirs.
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID, uuid5

import structlog

from core import faults, sql
from core.crypto import hash_token, new_token
from core.policy import Quota
from core.settings import Settings
from core.sql import Row, Statement
from models import ConnectedAccount
from platforms.base import Delivery, Recipient
from services.claims import Claim
from services.delivery import rate_limits, sending
from services.delivery.sending import Answer, error
from services.mail.subscribers import email_context
from services.runtime import Runtime

log = structlog.get_logger(__name__)

LAST_ANSWER_SECONDS: Final = 35.0
"""How much longer a call may take than it is given recipients: for the last one's answer. That is longer than a lease,
which is renewed meanwhile; should another worker take over all the same, the recipients' rows keep the two apart."""
DEFERRED_HOURS: Final = 24
"""So long a server may take nothing more for now, as those do whose limit is a day's; then a person is told."""
DEFERRED_SECONDS: Final = (60, 300, 900, 3600)
"""Between the tries of a recipient whose server takes nothing now; after the last one it has failed."""
BROKEN_OFF_SECONDS: Final = 2.0
"""Before a server is spoken to again that broke off after it had taken some: that is no failure of the job's."""
PATH: Final = "/unsubscribe/"
_AHEAD: Final = 100
"""Recipients that are read at once."""

_HELD: Final = (
    "EXISTS (SELECT FROM platform_states WHERE id = :thread_id AND epoch = :epoch AND lease_until > now())"
)

_LIST: Final = Statement.of("""
SELECT l.id, l.name, EXISTS (SELECT FROM subscribers WHERE list_id = l.id AND status = 'subscribed') AS is_read,
    EXISTS (SELECT FROM email_deliveries WHERE publishing_job_id = :job_id) AS is_begun
FROM mailing_lists l WHERE l.workspace_id = :workspace_id AND l.id = :list_id
""")
# What a call that was cut off, or whose worker died, was about to send may have been sent, and is not sent again.
_INTERRUPTED: Final = Statement.of(f"""
UPDATE email_deliveries SET outcome = 'unknown', detail = 'The call was cut off while it sent this one.'
WHERE publishing_job_id = :job_id AND outcome = 'sending' AND {_HELD}
""")
_AHEAD_OF: Final = Statement.of(f"""
(SELECT s.id, s.email, true AS is_new FROM subscribers s
 WHERE s.list_id = :list_id AND s.status = 'subscribed' AND s.id > :after AND {_HELD}
    AND NOT EXISTS (SELECT FROM email_deliveries d WHERE d.publishing_job_id = :job_id AND d.subscriber_id = s.id)
 ORDER BY s.id LIMIT :limit)
UNION ALL
(SELECT s.id, s.email, false AS is_new FROM email_deliveries d JOIN subscribers s ON s.id = d.subscriber_id
 WHERE d.publishing_job_id = :job_id AND d.outcome = 'deferred' AND d.due_at <= now() AND s.status = 'subscribed'
    AND {_HELD}
 ORDER BY d.due_at LIMIT :limit)
""")
_TAKE: Final = Statement.of(f"""
INSERT INTO email_deliveries AS d (id, workspace_id, publishing_job_id, subscriber_id, token_hash)
SELECT :id, workspace_id, :job_id, id, :token_hash FROM subscribers
WHERE id = :subscriber_id AND status = 'subscribed' AND {_HELD}
ON CONFLICT (id) DO UPDATE SET outcome = 'sending', token_hash = EXCLUDED.token_hash, tries = d.tries + 1, due_at = NULL
    WHERE d.outcome = 'deferred' AND d.due_at <= now()
RETURNING d.tries
""")
# An address that is no more is no more on the workspace's other lists either.
_SETTLE: Final = Statement.of("""
WITH settled AS (
    UPDATE email_deliveries SET outcome = :outcome, detail = :detail,
        due_at = now() + make_interval(secs => CAST(:wait AS float8))
    WHERE id = :id AND outcome IN ('sending', 'unknown') RETURNING workspace_id, subscriber_id
)
UPDATE subscribers o SET status = 'bounced', reason = :detail, ended_at = now()
FROM settled t JOIN subscribers s ON s.workspace_id = t.workspace_id AND s.id = t.subscriber_id
WHERE CAST(:outcome AS text) = 'bounced' AND o.workspace_id = s.workspace_id AND o.email_index = s.email_index
    AND o.status <> 'bounced'
""")
# By the attempts: a call that mailed somebody and was not the last one leaves none.
_STUCK: Final = Statement.of("""
SELECT min(started_at) < now() - make_interval(hours => :hours) IS TRUE AS stuck FROM publishing_attempts
WHERE publishing_job_id = :job_id AND evidence ->> 'code' = 'RateLimited' AND started_at > coalesce(
    (SELECT max(updated_at) FROM email_deliveries WHERE publishing_job_id = :job_id AND outcome = 'sent'), '-infinity')
""")
_LEFT: Final = Statement.of("""
SELECT count(*) FILTER (WHERE outcome IN ('sent', 'returned')) AS sent, count(*) FILTER (WHERE outcome = 'bounced') AS bounced,
    count(*) FILTER (WHERE outcome = 'failed') AS failed, count(*) FILTER (WHERE outcome = 'unknown') AS unknown,
    (array_agg(detail ORDER BY created_at) FILTER (WHERE outcome IN ('bounced', 'failed')))[1] AS words,
    CAST(EXTRACT(EPOCH FROM min(due_at) FILTER (WHERE outcome = 'deferred' AND EXISTS (
        SELECT FROM subscribers s WHERE s.id = d.subscriber_id AND s.status = 'subscribed'
    )) - now()) AS float8) AS deferred_for,
    EXISTS (
        SELECT FROM subscribers s WHERE s.list_id = :list_id AND s.status = 'subscribed' AND NOT EXISTS (
            SELECT FROM email_deliveries o WHERE o.publishing_job_id = :job_id AND o.subscriber_id = s.id
        )
    ) AS goes_on
FROM email_deliveries d WHERE publishing_job_id = :job_id
""")


async def outgoing(
    runtime: Runtime, claim: Claim, account: ConnectedAccount, job_id: str
) -> "Outgoing | Mapping[str, str]":
    """Once the call before is surely over. Or why nothing can be sent to the account's list."""
    held = {"job_id": job_id, "thread_id": claim.thread_id, "epoch": claim.epoch}
    wanted = {
        "workspace_id": claim.workspace_id,
        "list_id": account.metadata_.get("list_id"),
        "job_id": job_id,
    }
    async with runtime.db.autocommit() as connection:
        await sql.rows(connection, _INTERRUPTED, held)
        found = await sql.row(connection, _LIST, wanted)
    if found is None:
        remedy = "Make one, connect the account again with its name, then retry the job."
        return error("NoList", "The account's mailing list is gone.", remedy)
    if not (found["is_read"] or found["is_begun"]):
        remedy = "Add subscribers, then retry the job."
        return error("NoReaders", f"Nobody is subscribed to {found['name']}.", remedy)
    if not account.simulated and not public_url(runtime.settings).startswith("https://"):
        detail = "Readers could not unsubscribe: the service has no public https:// address."
        return error("NoPublicUrl", detail, "Have the operator set PROOFROOM_PUBLIC_URL, then retry the job.")
    return Outgoing(runtime, held, found, account)


def public_url(settings: Settings) -> str:
    return str(settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")


class Outgoing:
    """The recipients of one call, as `platforms.base.Recipients`."""

    def __init__(
        self, runtime: Runtime, held: Mapping[str, Any], found: Row, account: ConnectedAccount
    ) -> None:
        self.list_id: UUID = found["id"]
        self.list_name: str = found["name"]
        self._runtime = runtime
        self._account_id, self._simulated = account.id, account.simulated
        pace = account.metadata_.get("per_minute")
        self._quotas = [Quota("mails", pace, 60)] if pace else []
        self._pause = 0.0
        """Seconds until the mail service takes more of them."""
        self._here = {**held, "list_id": self.list_id}
        self._ahead: deque[Row] = deque()
        self._after = UUID(int=0)
        self._tries: dict[UUID, int] = {}
        self._taken = self._sent = 0
        self._ends = time.monotonic() + runtime.settings.publish_deadline_seconds

    async def next(self) -> Recipient | None:
        """However long the server took to begin, it is given one: each call gets further than the one before."""
        while (not self._taken or time.monotonic() < self._ends) and not self._runtime.draining:
            if not self._ahead and not await self._read_ahead():
                return None
            if self._quotas and not await self._may_send():
                return None
            subscriber = self._ahead.popleft()
            recipient_id, token = uuid5(UUID(self._here["job_id"]), str(subscriber["id"])), new_token()
            taken = await self._row(
                _TAKE, id=recipient_id, subscriber_id=subscriber["id"], token_hash=hash_token(token)
            )
            if taken is not None:
                faults.reach("before_call")
                self._taken += 1
                self._tries[recipient_id] = taken["tries"]
                email = self._runtime.keyring.decrypt(
                    subscriber["email"], email_context(subscriber["id"])
                ).decode()
                link = f"{public_url(self._runtime.settings)}{PATH}{token}"
                return Recipient(recipient_id, email, link)
        return None

    async def settle(self, recipient: Recipient, delivery: Delivery) -> None:
        faults.reach("after_call")
        outcome, detail, tries = delivery.outcome, delivery.detail, self._tries.pop(recipient.id)
        wait = None
        self._sent += outcome == "sent"
        if outcome == "deferred":
            wait = DEFERRED_SECONDS[tries - 1] if tries <= len(DEFERRED_SECONDS) else None
            outcome = "failed" if wait is None else outcome
        await self._row(_SETTLE, id=recipient.id, outcome=outcome, detail=detail[:500], wait=wait)

    async def judge(self, answer: Answer) -> Answer | float:
        """What a call's answer says of the whole newsletter; or in how many seconds it goes on."""
        if answer.outcome == "unreachable":
            await self._row(_INTERRUPTED)
            if self._sent:
                return BROKEN_OFF_SECONDS
        if answer.blocked_for is not None and not self._sent and await self._is_stuck():
            detail = f"Nobody could be mailed for a day. {answer.evidence['detail']}"
            problem = error("RateLimited", detail, "Ask whoever runs the mail server, then retry the job.")
            return replace(answer, status="failed", error=problem, due_in=None)
        if answer.receipt is None:
            return answer
        counts = await self._row(_LEFT)
        assert counts is not None
        words, goes_on = counts.pop("words"), counts.pop("goes_on")
        deferred_for = counts.pop("deferred_for")
        if goes_on or deferred_for is not None:
            return max(0.0 if goes_on else deferred_for, self._pause)
        log.info("newsletter.sent", job_id=self._here["job_id"], **counts)
        if not counts["sent"] and not counts["unknown"] and words:
            return sending.refused(answer, f"The mail server took it for no reader: {words}")
        told = {**answer.receipt.response, **counts}
        receipt = replace(answer.receipt, url=self._shown_at(), response=told)
        return replace(answer, receipt=receipt, evidence={**answer.evidence, "url": receipt.url, **counts})

    async def _is_stuck(self) -> bool:
        found = await self._row(_STUCK, hours=DEFERRED_HOURS)
        return found is not None and found["stuck"]

    def _shown_at(self) -> str:
        """Mail has no address on the web: the ledger shows what became of it, the simulators what arrived."""
        if self._simulated:
            return f"{self._runtime.settings.simulator_url}/mail/"
        return f"{public_url(self._runtime.settings)}/ledger/{self._here['job_id']}"

    async def _may_send(self) -> bool:
        async with self._runtime.db.autocommit() as connection:
            gap = self._runtime.settings.catch_up_gap_seconds
            wait = await rate_limits.reserve(
                connection, self._account_id, self._quotas, gap_seconds=gap, missed=False
            )
        self._pause = wait or 0.0
        return wait is None

    async def _read_ahead(self) -> bool:
        async with self._runtime.db.autocommit() as connection:
            wanted = {**self._here, "after": self._after, "limit": _AHEAD}
            found = await sql.rows(connection, _AHEAD_OF, wanted)
        self._ahead.extend(found)
        self._after = max([self._after, *(row["id"] for row in found if row["is_new"])])
        return bool(found)

    async def _row(self, statement: Statement, **more: Any) -> Row | None:
        async with self._runtime.db.autocommit() as connection:
            return await sql.row(connection, statement, {**self._here, **more})
