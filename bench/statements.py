"""What the server was asked, by its own log: every statement of every session, whoever sent it."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

_LOGGED = re.compile(
    r"^.*?\[(\d+)\] (?:(\w+) )?LOG:  (?:statement|execute [^:]*): (.*(?:\n\t.*)*)", re.MULTILINE
)
"""Session, database (where the server is set to name it) and statement."""
_SHOWN = 140
_COLUMNS = re.compile(r"\b(SELECT|RETURNING) (?:[\w.\"]+(?: AS \w+)?, ){3,}[\w.\"]+(?: AS \w+)?")
_BEGIN = re.compile(r"BEGIN|START TRANSACTION", re.IGNORECASE)
_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|reserve_post)\b", re.IGNORECASE)
_END = re.compile(r"COMMIT|ROLLBACK(?! TO)|END", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """`statements` without BEGIN, COMMIT and ROLLBACK; `transactions` counts those, and each statement outside of them;
    `commits` those of them that wrote, by their words: only those wait for the disk."""

    statements: Sequence[str]
    transactions: int
    commits: int

    def __str__(self) -> str:
        shortened = (_COLUMNS.sub(r"\1 …", each)[:_SHOWN] for each in self.statements)
        lines = [f"{count:6} × {text}" for text, count in Counter(shortened).most_common()]
        counts = (
            f"{len(self.statements)} statements, {self.transactions} transactions, {self.commits} commits"
        )
        return "\n".join([counts, *lines])


@contextmanager
def logged(superuser_url: str) -> Iterator[None]:
    """The whole server logs every statement meanwhile, and none of their parameters."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_parameter_max_length = 0")
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            connection.execute("ALTER SYSTEM RESET log_statement")
            connection.execute("ALTER SYSTEM RESET log_parameter_max_length")
            connection.execute("SELECT pg_reload_conf()")


def read(log: Path, since: int, database: str = "") -> Asked:
    """What was logged after the first `since` bytes, of this database only, if it is given."""
    with log.open("rb") as opened:
        opened.seek(since)
        return parse(opened.read().decode(errors="replace"), database)


def parse(log: str, database: str = "") -> Asked:
    statements: list[str] = []
    transactions: list[bool] = []
    within: dict[str, bool] = {}
    for session, where, text in _LOGGED.findall(log):
        if where != database:
            continue
        if _BEGIN.match(text):
            within[session] = False
        elif _END.match(text):
            if session in within:
                transactions.append(within.pop(session))
            continue
        else:
            statements.append(" ".join(text.split()))
            wrote = _WRITES.search(text) is not None
            if session in within:
                within[session] |= wrote
            else:
                transactions.append(wrote)
    transactions += within.values()
    return Asked(statements, len(transactions), sum(transactions))


def writes(superuser_url: str) -> int:
    """Transactions that have written so far: only those are given a number."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        row = connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
    assert row is not None
    return int(row[0])
