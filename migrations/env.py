"""Alembic's entry point: on the connection that `migrations.run` hands in, or on DATABASE_URL for the `alembic` command."""

from typing import Any

from alembic import context
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from core.db import database_url
from core.settings import load
from migrations.compare import include_object
from models import Base


def _run(connection: Connection) -> None:
    # Libraries' tables lie in other schemas of the search path: autogenerate must not see them.
    connection.exec_driver_sql("SET search_path = public")
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=include_object,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Any = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    engine = create_engine(database_url(load()), poolclass=NullPool)
    with engine.connect() as own:
        _run(own)
