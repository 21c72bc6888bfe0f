"""Sample rows of two workspaces, on a connection whose transaction is rolled back."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import pytest

from core.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from services.operations.schema_samples import Rows


class TwoWorkspaces(NamedTuple):
    mine: "Rows"
    theirs: "Rows"

    @property
    def workspace_id(self) -> UUID:
        found: UUID = self.mine["workspaces"]["id"]
        return found

    @property
    def user_id(self) -> UUID:
        found: UUID = self.mine["users"]["id"]
        return found


@pytest.fixture
def connection(settings: Settings) -> Iterator["Connection"]:
    """As the login role; `services.operations.schema_proofs.enter` takes another on."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    from core.db import database_url

    with create_engine(database_url(settings), poolclass=NullPool).connect() as connection:
        yield connection
        connection.rollback()
