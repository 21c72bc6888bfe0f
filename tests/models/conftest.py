"""One database with two workspaces in it for all of these tests: what each does there is rolled back."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import NamedTuple

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from core.db import SERVICE, database_url
from core.settings import Settings
from services.operations.schema_proofs import enter
from services.operations.schema_samples import fill
from tests.plugins.postgres import Server, migrated
from tests.plugins.rows import TwoWorkspaces


class Filled(NamedTuple):
    engine: Engine
    two: TwoWorkspaces


@pytest.fixture(scope="session")
def _filled(_admin_connections: dict[str, psycopg.Connection]) -> Iterator[Callable[[Server], Filled]]:
    with ExitStack() as databases:

        @cache
        def filled(server: Server) -> Filled:
            url = databases.enter_context(migrated(server))
            engine = create_engine(database_url(Settings(database_url=SecretStr(url))), poolclass=NullPool)
            with engine.begin() as connection:
                enter(connection, SERVICE)
                return Filled(engine, TwoWorkspaces(fill(connection), fill(connection)))

        yield filled


@pytest.fixture
def connection(postgres: Server, _filled: Callable[[Server], Filled]) -> Iterator[Connection]:
    """As the login role; `enter` takes another on."""
    with _filled(postgres).engine.connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def two(connection: Connection, postgres: Server, _filled: Callable[[Server], Filled]) -> TwoWorkspaces:
    """A row in every table for each of two workspaces. The connection is left as proofroom_service, held to none."""
    enter(connection, SERVICE)
    return _filled(postgres).two
