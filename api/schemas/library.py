"""Projects, templates, resources, the profile."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AliasChoices, ConfigDict, Field, StringConstraints, model_validator

from api.schemas.common import Answer, Body, Facts, Patch, Time, filled
from models.library import ResourceType, TemplateType
from services.library.templates import NAME_LIMIT, PROMPT_LIMIT

Title = Annotated[str, filled(NAME_LIMIT)]
Description = Annotated[str, StringConstraints(max_length=5000)]
Prompt = Annotated[str, filled(PROMPT_LIMIT)]
Content = Annotated[str, filled(1_000_000)]
_PROMPT = "Write a blog post about {topic} for {audience}. Tone: {tone_of_voice}."


class ProjectIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"title": "Spring launch", "description": "All posts of May"}]}
    )

    title: Title
    description: Description | None = None


class ProjectPatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Summer launch"}]})

    title: Title = Field(default_factory=str)
    description: Description | None = None


class ProjectOut(Answer):
    id: UUID
    title: str
    description: str | None
    user_id: UUID | None
    created_at: Time
    updated_at: Time


class TemplateIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "How-to", "type": "blog", "prompt": _PROMPT}]}
    )

    name: Title
    type: TemplateType
    prompt: Prompt = Field(description="Placeholders stand in braces: `{topic}`. `{{` is a plain brace.")


class TemplatePatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "How-to, short"}]})

    name: Title = Field(default_factory=str)
    type: TemplateType = Field(default_factory=lambda: TemplateType.BLOG)
    prompt: Prompt = Field(default_factory=str)


class TemplateOut(Answer):
    id: UUID
    name: str
    type: TemplateType
    prompt: str
    placeholders: list[str]
    is_custom: bool = Field(description="False for those that came with Proofroom; they are read-only.")
    user_id: UUID | None
    created_at: Time
    updated_at: Time


class TemplateInput(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"template_input": {"topic": "tea", "audience": "beginners", "tone_of_voice": "warm"}}
            ]
        }
    )

    template_input: dict[str, str] = Field(default_factory=dict, max_length=100)


class TemplatePreview(Answer):
    prompt: str


class TemplateCopy(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "How-to, ours"}]})

    name: Title | None = Field(None, description="Missing: after the original.")


class TemplateDraft(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"prompt": _PROMPT, "input": {"topic": "tea", "audience": "beginners"}}]
        }
    )

    prompt: Prompt | None = None
    template_id: UUID | None = Field(None, description="Instead of `prompt`: one that is kept.")
    input: dict[str, str] = Field(default_factory=dict, max_length=100)

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.prompt is None) == (self.template_id is None):
            raise ValueError("Send either prompt or template_id.")
        return self


class TemplateDraftPreview(TemplatePreview):
    placeholders: list[str]
    missing: list[str] = Field(
        description="Those without input; they stay in the prompt as they are written."
    )


class ResourceIn(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"type": "style_sample", "content": "We ship on Fridays.", "metadata": {"title": "Voice"}}
            ]
        }
    )

    type: ResourceType
    content: Content = Field(description="The text; of an image its address.")
    metadata: Facts = Field(default_factory=dict, description="title, platform, tags and what else you like.")


class ResourcePatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"metadata": {"title": "Our voice"}}]})

    type: ResourceType = Field(default_factory=lambda: ResourceType.REFERENCE)
    content: Content = Field(default_factory=str)
    metadata: Facts = Field(default_factory=dict)


class ResourceOut(Answer):
    id: UUID
    type: ResourceType
    content: str
    metadata: Facts = Field(validation_alias=AliasChoices("metadata_", "metadata"))
    user_id: UUID | None
    created_at: Time
    updated_at: Time


ProfileName = Annotated[str, StringConstraints(max_length=100)]
Tone = Annotated[str, StringConstraints(max_length=500)]


class ProfileIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Ada", "tone_of_voice": "dry, exact, friendly"}]}
    )

    name: ProfileName | None = Field(None, description="What colleagues see.")
    preferences: Facts = Field(default_factory=dict)
    tone_of_voice: Tone | None = Field(
        None, description="How your drafts sound when a workflow does not say otherwise."
    )


class ProfileOut(Answer):
    name: str | None
    preferences: Facts
    tone_of_voice: str | None
    updated_at: Time
