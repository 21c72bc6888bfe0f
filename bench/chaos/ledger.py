"""What is there when all is quiet: in the database, past row security, and on the platforms by their own record."""

import re
from collections import defaultdict
from collections.abc import Mapping
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
        """Exactly the words; of an article what a reader sees of them."""
        if self.platform == "blog":
            return _words(self.text) == _words(render(Content(content=approved)))
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
        incomplete = [
            (what, str(next(iter(row.values()))))
            for what, query in _INCOMPLETE.items()
            for row in connection.execute(query)
        ]
    out = _published(simulator_url)
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
        },
    )


def _published(simulator_url: str) -> Mapping[tuple[str, str], list[Post]]:
    out: dict[tuple[str, str], list[Post]] = defaultdict(list)
    for entry in httpx.get(f"{simulator_url}/_control/posts", timeout=60, trust_env=False).json()["items"]:
        if entry["status"] != "published":
            continue
        # An article's draft comes first: it is public from its last change on.
        at = entry["updated_at"] if entry["platform"] == "blog" else entry["created_at"]
        mark = _MARK.search(entry["text"])
        post = Post(entry["platform"], entry["account"], entry["id"], entry["text"], at)
        out[post.platform, mark[0] if mark else ""].append(post)
    return out


def _words(text: str) -> str:
    """Without markup and white space, in which a page and its source differ."""
    return "".join(unescape(re.sub(r"<[^>]+>", "", text)).split())
