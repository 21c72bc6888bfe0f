"""The address, however it is written."""

import pytest
from pydantic import SecretStr

from core.db import database_url, libpq_url
from core.errors import ConfigurationError
from core.settings import Settings


def address(url: str) -> Settings:
    return Settings(database_url=SecretStr(url))


@pytest.mark.parametrize(
    "url",
    [
        "postgres://ada:s3cret@db.example.com:6432/proofroom?sslmode=require",
        "postgresql://ada:s3cret@db.example.com:6432/proofroom?sslmode=require",
        "postgresql+psycopg://ada:s3cret@db.example.com:6432/proofroom?sslmode=require",
        "postgresql+asyncpg://ada:s3cret@db.example.com:6432/proofroom?sslmode=require",
    ],
)
def test_every_spelling_people_know_is_taken(url: str) -> None:
    made = database_url(address(url))
    assert made.drivername == "postgresql+psycopg"
    assert (made.username, made.password, made.host, made.port) == ("ada", "s3cret", "db.example.com", 6432)
    assert made.query["sslmode"] == "require"
    assert libpq_url(address(url)).startswith("postgresql://ada:s3cret@db.example.com:6432/proofroom?")


def test_a_unix_socket_and_own_options_are_kept() -> None:
    made = database_url(
        address("postgresql://proofroom@/proofroom?host=/run/pg&options=-cstatement_timeout%3D5s")
    )
    assert made.query["host"] == "/run/pg"
    assert made.query["options"] == "-cstatement_timeout=5s -csearch_path=public,langgraph,procrastinate"


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://root@localhost/x", "sqlite:///proofroom.db"])
def test_anything_else_is_refused_by_name_and_never_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL") as refused:
        database_url(address(url))
    assert "postgresql://" in (refused.value.remedy or "")
