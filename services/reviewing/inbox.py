"""What the inbox shows beside its reviews, and reviews as they stand when many are to be decided at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core import sql
from core.content import Content
from core.policy import Violation
from core.sql import Connection, Statement
from graphs.records import content_of
from models import ReviewStatus
from platforms.registry import PLATFORMS, PlatformName
from services.reviewing import review_views
from services.reviewing.review_views import COUNTED, ItemView

_CHOICES: Final = 200


@dataclass(frozen=True, slots=True)
class Choice:
    id: UUID
    name: str

    @property
    def pair(self) -> tuple[UUID, str]:
        """As a form's list of choices takes it."""
        return self.id, self.name


@dataclass(frozen=True, slots=True)
class Surroundings:
    waiting: int
    """How many reviews are pending, or `COUNTED` + 1 when they are more than that."""
    people: Sequence[Choice]
    projects: Sequence[Choice]
    """The newest ones, by title."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A review with the whole of its words."""

    item: ItemView
    content: Content
    violations: Sequence[Violation]

    @property
    def acceptable(self) -> bool:
        return self.item.status == ReviewStatus.PENDING and not self.violations


_WAITING: Final = f"""
SELECT count(*) FROM (SELECT FROM reviews WHERE status = 'pending' LIMIT {COUNTED + 1}) counted"""
_COUNT: Final = Statement.of(_WAITING)
_SURROUNDINGS: Final = Statement.of(f"""
SELECT ({_WAITING}) AS waiting,
    ARRAY(SELECT jsonb_build_array(user_id, username) FROM workspace_people() ORDER BY lower(username)) AS people,
    ARRAY(
        SELECT jsonb_build_array(id, title) FROM (
            SELECT id, title FROM projects ORDER BY created_at DESC, id DESC LIMIT {_CHOICES}
        ) newest ORDER BY lower(title), id
    ) AS projects
""")
_STANDING: Final = Statement.of(f"""
{review_views.NAMED}, d.content, d.metadata, d.media {review_views.OF_NAMED_REVIEWS}
WHERE r.id = ANY(:ids) ORDER BY array_position(:ids, r.id)""")


async def surroundings(connection: Connection) -> Surroundings:
    found = await sql.row(connection, _SURROUNDINGS, {})
    assert found is not None
    return Surroundings(found["waiting"], _choices(found["people"]), _choices(found["projects"]))


async def waiting(connection: Connection) -> int:
    """As in `Surroundings`."""
    found = await sql.row(connection, _COUNT, {})
    assert found is not None
    return int(found["count"])


async def standing(connection: Connection, review_ids: Sequence[UUID]) -> Sequence[Standing]:
    """Those of them that there are, in this order."""
    return [_take(row) for row in await sql.rows(connection, _STANDING, {"ids": [*review_ids]})]


def _take(row: sql.Row) -> Standing:
    item, content = review_views.take_item(row), content_of(row)
    return Standing(item, content, PLATFORMS[PlatformName(item.platform)].policy.violations(content))


def _choices(found: Sequence[tuple[str, str]]) -> Sequence[Choice]:
    return [Choice(UUID(key), name) for key, name in found]
