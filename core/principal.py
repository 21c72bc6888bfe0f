"""Who is acting, in which workspace, with which rights."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from core.errors import Forbidden


class Role(StrEnum):
    """Each contains those below it; compare with `Principal.may_act_as`."""

    OWNER = "owner"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    VIEWER = "viewer"


class Scope(StrEnum):
    """What an API key may do. `reviews:decide` is never implied."""

    READ = "read"
    WORKFLOWS_WRITE = "workflows:write"
    LIBRARY_WRITE = "library:write"
    REVIEWS_DECIDE = "reviews:decide"
    PUBLISHING_WRITE = "publishing:write"
    ADMIN = "admin"


class Via(StrEnum):
    """Through what somebody acts, where it is worth a note in the audit."""

    MCP = "mcp"


_RANK = {Role.VIEWER: 0, Role.REVIEWER: 1, Role.EDITOR: 2, Role.OWNER: 3}


@dataclass(frozen=True, slots=True)
class Principal:
    """`scopes` is None for a person's session (the role alone decides) and a set for an API key."""

    user_id: UUID
    username: str
    workspace_id: UUID
    role: Role
    scopes: frozenset[Scope] | None = None
    credential_id: UUID | None = None
    """The session's or key's row."""
    via: Via | None = None

    def may_act_as(self, role: Role) -> bool:
        return _RANK[self.role] >= _RANK[role]

    def require(self, role: Role, *scopes: Scope) -> None:
        """Raises Forbidden when the role is too low, or when it is a key with none of the scopes."""
        if not self.may_act_as(role):
            raise Forbidden(
                f"This takes the role {role}; you are {self.role} of this workspace.",
                remedy="Ask an owner of the workspace.",
            )
        if self.scopes is not None and self.scopes.isdisjoint(scopes):
            wanted = " or ".join(scopes)
            raise Forbidden(f"This API key lacks the scope {wanted}.", remedy="Use a key with that scope.")
