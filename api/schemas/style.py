"""Rules of style."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from api.schemas.common import Answer, Body, Patch, Time, filled
from models.style import RuleScope, RuleStatus
from platforms.registry import PlatformName

RuleText = Annotated[str, filled(500)]
_SCOPE = "Of whose workflows: those of the rule's user, or of everybody in the workspace."


class StyleRuleIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rule": "End without a question.", "platform": "linkedin"}]}
    )

    rule: RuleText
    platform: PlatformName | None = Field(None, description="null: all.")
    scope: RuleScope = Field(RuleScope.WORKSPACE, description=_SCOPE)


class StyleRulePatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"rule": "Never end with a question."}]})

    rule: RuleText = Field(default_factory=str)
    platform: PlatformName | None = None
    scope: RuleScope = Field(default_factory=lambda: RuleScope.WORKSPACE)


class StyleRuleDecision(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "accept"}]})

    decision: Literal["accept", "drop"]

    @property
    def status(self) -> RuleStatus:
        return RuleStatus.ACTIVE if self.decision == "accept" else RuleStatus.DROPPED


class EarlierWording(Answer):
    version: int
    rule: str
    until: Time


class StyleRuleOut(Answer):
    id: UUID
    rule: str
    status: RuleStatus = Field(description="Only `active` ones are told to a writer.")
    platform: str | None
    scope: RuleScope = Field(description=_SCOPE)
    before: str | None = Field(description="How it shows in one of the edits.")
    after: str | None
    edits: int = Field(description="In how many of the person's last ten approved edits it showed.")
    version: int
    earlier: list[EarlierWording] = Field(description="Wordings before this one, oldest first.")
    user_id: UUID | None = Field(description="Whose edits suggest it, or who wrote it.")
    decided_by: UUID | None
    decided_at: Time | None
    created_at: Time
    updated_at: Time
