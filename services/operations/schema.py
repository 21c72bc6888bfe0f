"""Is the database what this version expects? Compared in full with the mappings, and proved by doing."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from core.db import APP, SERVICE, Database
from models import Base, views
from models.functions import FUNCTIONS, INVOKED
from models.security import protect, tables, triggers
from services.operations.schema_catalog import snapshot
from services.operations.schema_proofs import prove

_EXPECTED: Final = "proofroom_expected"
_LIBRARIES: Final = {
    "langgraph": ("checkpoints", "checkpoint_blobs", "checkpoint_writes"),
    "procrastinate": ("procrastinate_jobs", "procrastinate_events", "procrastinate_periodic_defers"),
}

_FUNCTION: Final = text("""
SELECT p.prosecdef AND EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%') AS definer,
    has_function_privilege(:role, p.oid, 'EXECUTE') AS callable,
    EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0) AS public
FROM pg_proc p WHERE p.oid = to_regprocedure(:signature)
""")

_LIBRARY: Final = text("""
SELECT to_regclass(:name) IS NOT NULL AS exists,
    (SELECT relforcerowsecurity FROM pg_class WHERE oid = to_regclass(:name)) AS forced,
    (SELECT count(*) FROM pg_policy WHERE polrelid = to_regclass(:name)) AS policies
""")

_PARTITIONS: Final = text("""
SELECT c.relname, m.month FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
CROSS JOIN LATERAL (VALUES (now()), (now() + interval '1 month')) AS t(at)
CROSS JOIN LATERAL (SELECT to_char(t.at AT TIME ZONE 'UTC', '"y"YYYY"m"MM') AS month) m
WHERE c.relnamespace = 'public'::regnamespace AND NOT EXISTS (
    SELECT FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhrelid
    WHERE i.inhparent = c.oid AND k.relname = c.relname || '_' || m.month
)
""")

_ON_PARTITIONS: Final = text("""
SELECT c.relname, x.grantee::regrole FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x
WHERE c.relispartition AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND x.grantee <> c.relowner
""")


# To make a trigger takes the right to call its function, which nobody has for longer than this comparison.
_MAY_CALL: Final = text("""
DO $$ DECLARE function regprocedure; BEGIN
    SET LOCAL ROLE proofroom_service;
    FOR function IN SELECT oid FROM pg_proc WHERE proowner = 'proofroom_service'::regrole AND prorettype = 'trigger'::regtype
    LOOP EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', function, session_user); END LOOP;
    RESET ROLE;
END $$
""")


async def validate(db: Database) -> list[str]:
    """One line for each difference, none when all is well. Changes nothing: all of it is rolled back."""
    async with db.engine.connect() as connection:
        try:
            return await connection.run_sync(differences)
        finally:
            await connection.rollback()


def differences(connection: Connection) -> list[str]:
    """The same on a connection of the login role, within its transaction."""
    return [*compare(connection), *_prove(connection)]


def compare(connection: Connection) -> Iterator[str]:
    """Without the proof."""
    yield from _functions(connection)
    yield from _libraries(connection)
    for table, month in connection.execute(_PARTITIONS):
        yield f"missing partition {table}_{month}"
    for partition, role in connection.execute(_ON_PARTITIONS):
        yield f"unexpected grant on {partition} to {role}"
    step = connection.begin_nested()
    yield from _build(connection)
    expected, found = snapshot(connection, _EXPECTED), snapshot(connection, "public")
    step.rollback()
    for name in views.metadata.tables:
        expected["table", name] = "v security_invoker=true"
        del expected["row security", name]
        expected |= {("grant", f"SELECT on {name} to {role}"): "" for role in (APP, SERVICE)}
    for kind, name in sorted(expected.keys() | found.keys()):
        want, have = expected.get((kind, name)), found.get((kind, name))
        if have is None:
            yield f"missing {kind} {name}"
        elif want is None:
            yield f"unexpected {kind} {name}"
        elif want != have:
            yield f"{kind} {name} is `{have}`, expected `{want}`"


def _build(connection: Connection) -> Iterator[str]:
    """What the mappings say, in a schema of its own, so that PostgreSQL words both sides of the comparison."""
    connection.execute(text(f"CREATE SCHEMA {_EXPECTED}"))
    connection.execute(text(f"SET LOCAL search_path = {_EXPECTED}, public"))
    connection.execute(_MAY_CALL)
    Base.metadata.create_all(connection, checkfirst=False)
    views.metadata.create_all(connection, checkfirst=False)
    for table in tables():
        for statement in (*protect(table), *triggers(table)):
            try:
                with connection.begin_nested():
                    connection.execute(text(statement.replace(":", r"\:")))
            except DBAPIError as error:
                yield f"cannot expect `{statement}`: {str(error.orig).splitlines()[0]}"


def _functions(connection: Connection) -> Iterator[str]:
    for signature, role in (FUNCTIONS | INVOKED).items():
        found = connection.execute(_FUNCTION, {"signature": signature, "role": role}).one_or_none()
        if found is None:
            yield f"missing function {signature}"
            continue
        if signature in FUNCTIONS and not found.definer:
            yield f"function {signature} is not SECURITY DEFINER with a fixed search path"
        if not found.callable:
            yield f"missing grant EXECUTE on {signature} to {role}"
        if found.public:
            yield f"unexpected grant EXECUTE on {signature} to PUBLIC"


def _libraries(connection: Connection) -> Iterator[str]:
    for schema, names in _LIBRARIES.items():
        for name in names:
            found = connection.execute(_LIBRARY, {"name": f"{schema}.{name}"}).one()
            if not found.exists:
                yield f"missing table {schema}.{name}"
            elif schema == "langgraph" and not (found.forced and found.policies == 2):
                yield f"row security {schema}.{name} is not forced with its two policies"


def _prove(connection: Connection) -> Iterator[str]:
    step = connection.begin_nested()
    try:
        yield from prove(connection)
    except DBAPIError as error:
        yield f"the proof stopped: {str(error.orig).splitlines()[0]}"
    finally:
        step.rollback()
