"""What a brief can be made of in a workspace, for forms: accounts, templates, style samples, projects, files, the own tone."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core import sql
from core.principal import Principal
from core.sql import Connection, Row, Statement
from models.library import TemplateType

SHOWN: Final = 50
"""The newest; more than a form can hold are chosen where they are kept."""


@dataclass(frozen=True, slots=True)
class Choices:
    accounts: dict[str, Row]
    """By platform, the latest that can post: username and simulated."""
    templates: list[Row]
    """id, name and type: of each type those that came with Proofroom, the newest of the workspace first."""
    samples: list[Row]
    """id and the title or first words."""
    projects: list[Row]
    """id and title, the newest first."""
    files: list[Row]
    """id, name and extraction_status of the newest that can be written from, now or soon."""
    tone_of_voice: str | None


async def find(
    connection: Connection,
    principal: Principal,
    project_id: UUID | None = None,
    template_id: UUID | None = None,
) -> Choices:
    """With those that are chosen, however old."""
    chosen = {"project_id": project_id, "template_id": template_id}
    row = await sql.row(
        connection,
        _CHOICES,
        {"user_id": principal.user_id, "shown": SHOWN, "types": [*TemplateType], **chosen},
    )
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
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'name', name, 'type', type)
        ORDER BY is_custom DESC, created_at DESC), '[]')
    FROM (
        SELECT id, name, type, is_custom, created_at FROM templates WHERE NOT is_custom
        UNION
        SELECT newest.* FROM unnest(CAST(:types AS text[])) AS kind, LATERAL (
            SELECT id, name, type, is_custom, created_at FROM templates
            WHERE is_custom AND type = kind ORDER BY created_at DESC, id DESC LIMIT :shown
        ) newest
        UNION
        SELECT id, name, type, is_custom, created_at FROM templates WHERE id = CAST(:template_id AS uuid)
    ) t
) AS templates, (
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'title', title) ORDER BY created_at DESC), '[]')
    FROM (
        SELECT id, coalesce(nullif(metadata ->> 'title', ''), left(content, 80)) AS title, created_at
        FROM resources WHERE type = 'style_sample' ORDER BY created_at DESC LIMIT :shown
    ) s
) AS samples, (
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'title', title) ORDER BY created_at DESC, id DESC), '[]')
    FROM (
        (SELECT id, title, created_at FROM projects ORDER BY created_at DESC, id DESC LIMIT :shown)
        UNION
        SELECT id, title, created_at FROM projects WHERE id = CAST(:project_id AS uuid)
    ) p
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
