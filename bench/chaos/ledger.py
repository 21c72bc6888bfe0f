"""What is there when all is quiet: in the database, past row security, and on the platforms by their own record."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any, Final

import httpx
import psycopg
from psycopg.rows import dict_row

from core.content import Content
from platforms.article import render

Row = Mapping[str, Any]

ENDED: Final = {"published", "rejected", "cancelled"}
_MARK = re.compile(r"Q[b-z]{9}")

_THREADS = """
SELECT p.id::text, p.status::text, p.error, p.due_at, p.lease_until,
    (SELECT count(*) FROM reviews r WHERE r.thread_id = p.id AND r.status = 'pending') AS pending_reviews
FROM platform_states p
"""
_JOBS = """
SELECT id::text, thread_id::text, status::text, error, scheduled_for, response_data ->> 'platform_post_id' AS platform_post_id
FROM publishing_jobs ORDER BY created_at
"""
_REVIEWS = "SELECT id::text, decision::text, created_at FROM reviews"
_DELIVERIES = "SELECT id, publishing_job_id::text AS job_id, outcome FROM email_deliveries"
_ACCOUNTS = "SELECT id::text, username FROM connected_accounts"

_INCOMPLETE: Final = {
    "a draft that nobody scored": """
        SELECT d.id FROM drafts d JOIN platform_states p ON p.id = d.thread_id
        WHERE p.status <> 'cancelled' AND NOT EXISTS (SELECT FROM evaluations e WHERE e.draft_id = d.id)
    """,
    "a draft scored twice": "SELECT draft_id FROM evaluations GROUP BY draft_id HAVING count(*) > 1",
    "a written draft without its usage": """
        SELECT d.id FROM drafts d WHERE d.source = 'ai'
        AND NOT EXISTS (SELECT FROM token_usage t WHERE t.draft_id = d.id AND t.service = 'writer')
    """,
    "a score without its usage": """
        SELECT e.draft_id FROM evaluations e WHERE e.model IS NOT NULL
        AND NOT EXISTS (SELECT FROM token_usage t WHERE t.draft_id = e.draft_id AND t.service = 'critic')
    """,
    "a published job without its one post": """
        SELECT j.id FROM publishing_jobs j WHERE j.status = 'published'
        AND (SELECT count(*) FROM posts o WHERE o.publishing_job_id = j.id) <> 1
    """,
    "a published job without a confirmed attempt": """
        SELECT j.id FROM publishing_jobs j WHERE j.status = 'published' AND NOT EXISTS (
            SELECT FROM publishing_attempts a WHERE a.publishing_job_id = j.id AND a.outcome = 'confirmed')
    """,
    "a publication that was not told exactly once": """
        SELECT p.id FROM platform_states p WHERE p.status = 'published' AND (
            SELECT count(*) FROM processing_logs e
            WHERE e.event ->> 'type' = 'post.published' AND e.thread_id = p.id) <> 1
    """,
    "a newsletter that is still on its way to somebody": """
        SELECT d.publishing_job_id FROM email_deliveries d JOIN publishing_jobs j ON j.id = d.publishing_job_id
        WHERE j.status = 'published' AND d.outcome IN ('sending', 'deferred')
    """,
    "a newsletter that left a reader out": """
        SELECT j.id FROM publishing_jobs j JOIN connected_accounts a ON a.id = j.connected_account_id
        JOIN subscribers s ON s.list_id = CAST(a.metadata ->> 'list_id' AS uuid) AND s.status = 'subscribed'
        WHERE j.platform = 'email' AND j.status = 'published' AND NOT EXISTS (
            SELECT FROM email_deliveries d WHERE d.publishing_job_id = j.id AND d.subscriber_id = s.id)
    """,
    "a workflow whose status is not its threads'": """
        SELECT w.id FROM workflows w JOIN platform_states p ON p.workflow_id = w.id
        GROUP BY w.id HAVING bool_and(p.status IN ('published', 'rejected', 'cancelled'))
        AND w.status NOT IN ('completed', 'cancelled')
    """,
}


@dataclass(frozen=True, slots=True)
class Post:
    platform: str
    account: str
    id: str
    text: str
    created_at: float
    """Unix time, when it became public."""

    def says(self, approved: str) -> bool:
        """Exactly the words; of an article what a reader sees of them, of a mail all but what stands below them."""
        if self.platform == "blog":
            return _words(self.text) == _words(render(Content(content=approved)))
        if self.platform == "email":
            return _words(self.text.replace("\r\n", "\n").partition("\n\n-- \n")[0]) == _words(approved)
        return self.text == approved


@dataclass(frozen=True, slots=True)
class Ledger:
    threads: Mapping[str, Row]
    jobs: Mapping[str, list[Row]]
    """By thread, oldest first."""
    reviews: Mapping[str, Row]
    usernames: Mapping[str, str]
    out: Mapping[tuple[str, str], list[Post]]
    """What is public, by platform and mark."""
    incomplete: list[tuple[str, str]]
    """What is missing, and of what."""
    unknown: int
    """Jobs whose outcome nobody knows."""
    checked: Mapping[str, int]
    """Rows that were looked at."""


def read(database_url: str, simulator_url: str) -> Ledger:
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        threads = {row["id"]: row for row in connection.execute(_THREADS)}
        jobs: dict[str, list[Row]] = defaultdict(list)
        for row in connection.execute(_JOBS):
            jobs[row["thread_id"]].append(row)
        reviews = {row["id"]: row for row in connection.execute(_REVIEWS)}
        usernames = {row["id"]: row["username"] for row in connection.execute(_ACCOUNTS)}
        deliveries = {f"<{row['id'].hex}": row for row in connection.execute(_DELIVERIES)}
        incomplete = [
            (what, str(next(iter(row.values()))))
            for what, query in _INCOMPLETE.items()
            for row in connection.execute(query)
        ]
    entries = httpx.get(f"{simulator_url}/_control/posts", timeout=60, trust_env=False).json()["items"]
    mails = [entry for entry in entries if entry["platform"] == "email"]
    incomplete += _undelivered(deliveries, mails)
    out = _published([entry for entry in entries if entry["platform"] != "email"])
    for post in _newsletters(deliveries, mails):
        out[post.platform, _mark(post.text)].append(post)
    every = [job for of_thread in jobs.values() for job in of_thread]
    return Ledger(
        threads,
        jobs,
        reviews,
        usernames,
        out,
        incomplete,
        sum(job["status"] == "unknown" for job in every),
        {
            "threads": len(threads),
            "reviews": len(reviews),
            "jobs": len(every),
            "posts": sum(map(len, out.values())),
            "mails": len(mails),
        },
    )


def _published(entries: Iterable[Row]) -> dict[tuple[str, str], list[Post]]:
    out: dict[tuple[str, str], list[Post]] = defaultdict(list)
    for entry in entries:
        if entry["status"] != "published":
            continue
        # An article's draft comes first: it is public from its last change on.
        at = entry["updated_at"] if entry["platform"] == "blog" else entry["created_at"]
        post = Post(entry["platform"], entry["account"], entry["id"], entry["text"], at)
        out[post.platform, _mark(post.text)].append(post)
    return out


def _newsletters(deliveries: Mapping[str, Row], mails: Iterable[Row]) -> Iterator[Post]:
    """One post for each job, from its first mail on, and another for each mail that a reader got twice."""
    seen: set[str] = set()
    for mail in sorted(mails, key=lambda mail: mail["created_at"]):
        name = _name(mail)
        job_id = deliveries[name]["job_id"]
        if job_id not in seen or name in seen:
            yield Post("email", mail["account"], job_id, mail["text"], mail["created_at"])
        seen |= {job_id, name}


def _undelivered(deliveries: Mapping[str, Row], mails: Iterable[Row]) -> list[tuple[str, str]]:
    arrived = {_name(mail) for mail in mails}
    wrong = {name: row["outcome"] for name, row in deliveries.items() if row["outcome"] != "unknown"}
    return [
        (f"a mail that is said to be {outcome}, and {'arrived' if name in arrived else 'did not'}", name)
        for name, outcome in wrong.items()
        if (outcome == "sent") != (name in arrived)
    ]


def _name(mail: Row) -> str:
    """A mail's Message-ID says which delivery it is."""
    return str(mail["fields"]["headers"]["message-id"]).partition("@")[0]


def _mark(text: str) -> str:
    mark = _MARK.search(text)
    return mark[0] if mark else ""


def _words(text: str) -> str:
    """Without markup and white space, in which a page and its source differ."""
    return "".join(unescape(re.sub(r"<[^>]+>", "", text)).split())
