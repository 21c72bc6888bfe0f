"""What a brief can be made of in a workspace, for forms: accounts, templates, style samples, projects, files, the own tone."""

from dataclasses import dataclass
from typing import Final

from core import sql
from core.principal import Principal
from core.sql import Connection, Row, Statement


@dataclass(frozen=True, slots=True)
class Choices:
    accounts: dict[str, Row]
    """By platform, the latest that can post: username and simulated."""
    templates: list[Row]
    """id, name and type, those of the workspace first."""
    samples: list[Row]
    """id and the title or first words."""
    projects: list[Row]
    """id and title."""
    files: list[Row]
    """id, name and extraction_status of the newest that can be written from, now or soon."""
    tone_of_voice: str | None


async def find(connection: Connection, principal: Principal) -> Choices:
    row = await sql.row(connection, _CHOICES, {"user_id": principal.user_id})
    assert row is not None
    return Choices(**row)


_CHOICES: Final = Statement.of("""
SELECT (
    SELECT coalesce(jsonb_object_agg(platform, jsonb_build_object('username', username, 'simulated', simulated)), '{}')
    FROM (
        SELECT DISTINCT ON (platform) platform, coalesce(display_name, username) AS username, simulated
        FROM connected_accounts WHERE status = 'active' ORDER BY platform, created_at DESC
    ) a
) AS accounts, (
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'name', name, 'type', type) ORDER BY is_custom DESC, name), '[]')
    FROM templates
) AS templates, (
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'title', title) ORDER BY created_at DESC), '[]')
    FROM (
        SELECT id, coalesce(nullif(metadata ->> 'title', ''), left(content, 80)) AS title, created_at
        FROM resources WHERE type = 'style_sample' ORDER BY created_at DESC LIMIT 50
    ) s
) AS samples, (
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'title', title) ORDER BY title), '[]') FROM projects
) AS projects, (
    SELECT coalesce(jsonb_agg(to_jsonb(f) ORDER BY id DESC), '[]')
    FROM (
        SELECT id, name, extraction_status FROM files
        WHERE extraction_status <> 'failed' AND mime_type NOT LIKE 'image/%'
        ORDER BY created_at DESC, id DESC LIMIT 10
    ) f
) AS files, (
    SELECT nullif(tone_of_voice, '') FROM profiles WHERE user_id = :user_id
) AS tone_of_voice
""")
