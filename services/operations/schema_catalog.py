"""What the catalog says of a schema: every column, constraint, index, trigger, policy and grant, by name."""

import re
from typing import Final

from sqlalchemy import Connection, text

OUTSIDE: Final = r"^alembic_version$|_y\d{4}m\d{2}$"
"""Not mapped: the migrations' own table, and the months of partitioned ones, attached or detached."""

# PostgreSQL words `status IN ('a', 'b')` in one way when it is made and in another after a restore.
_REWORDED: Final = re.compile(r"[()]|::(?:character varying|text)(?:\[\])?")

# Names are qualified where the search path hides them: both schemas' prefixes are taken off before comparing.
_PARTS: Final = {
    "table": """
        SELECT c.relname, concat_ws(' ', c.relkind, pg_get_partkeydef(c.oid), array_to_string(c.reloptions, ' '))
        FROM tables c""",
    "row security": """
        SELECT c.relname, concat_ws(', ', CASE WHEN c.relrowsecurity THEN 'enabled' END,
            CASE WHEN c.relforcerowsecurity THEN 'forced' END)
        FROM tables c WHERE c.relkind IN ('r', 'p')""",
    "column": """
        SELECT c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attnotnull AND c.relkind <> 'v' THEN 'NOT NULL' END, pg_get_expr(d.adbin, d.adrelid),
            nullif(a.attidentity, ''))
        FROM tables c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum""",
    "constraint": """
        SELECT n.conname, c.relname || ' ' || pg_get_constraintdef(n.oid)
        FROM tables c JOIN pg_constraint n ON n.conrelid = c.oid WHERE n.contype IN ('p', 'u', 'f', 'c')""",
    "index": """
        SELECT i.relname, pg_get_indexdef(x.indexrelid) || CASE WHEN x.indisvalid THEN '' ELSE ' INVALID' END
        FROM tables c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid""",
    "trigger": """
        SELECT t.tgname, pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'O' THEN '' ELSE ' DISABLED' END
        FROM tables c JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal""",
    "policy": """
        SELECT p.polname, concat_ws(' ', c.relname, p.polcmd, p.polpermissive, p.polroles::regrole[]::text,
            pg_get_expr(p.polqual, p.polrelid), 'CHECK', pg_get_expr(p.polwithcheck, p.polrelid))
        FROM tables c JOIN pg_policy p ON p.polrelid = c.oid""",
    "grant": """
        SELECT concat_ws(' ', a.privilege_type, 'on', c.relname || coalesce('.' || a.attname, ''), 'to', a.grantee), ''
        FROM tables c CROSS JOIN LATERAL (
            SELECT x.privilege_type, NULL::name AS attname, x.grantee::regrole::text AS grantee
            FROM aclexplode(c.relacl) x WHERE x.grantee <> c.relowner
            UNION ALL
            SELECT x.privilege_type, b.attname, x.grantee::regrole::text
            FROM pg_attribute b CROSS JOIN LATERAL aclexplode(b.attacl) x
            WHERE b.attrelid = c.oid AND x.grantee <> c.relowner
        ) a""",
}


def snapshot(connection: Connection, schema: str) -> dict[tuple[str, str], str]:
    """(kind, name): definition."""
    found: dict[tuple[str, str], str] = {}
    for kind, part in _PARTS.items():
        query = text(f"""
            WITH tables AS (
                SELECT * FROM pg_class WHERE relnamespace = to_regnamespace(:schema) AND relkind IN ('r', 'p', 'v')
                    AND NOT relispartition AND relname !~ :outside
            ) {part}""")
        for name, definition in connection.execute(query, {"schema": schema, "outside": OUTSIDE}):
            plain = definition.replace(f"{schema}.", "").replace("public.", "")
            found[kind, name] = _REWORDED.sub("", plain) if kind in {"constraint", "index"} else plain
    return found
