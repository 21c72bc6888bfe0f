"""What a reviewer typed and pressed, as a decision."""

from datetime import datetime
from itertools import zip_longest
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from core.content import Content, Media
from core.errors import FieldError, Invalid
from core.policy import Policy
from graphs.interrupts import Decision, edited, parse_decision
from web.route import PageRequest
from web.times import instant

_TEXTS: Final = ("content", "title", "tags", "excerpt")


class Typed(BaseModel):
    """The editor's fields; what a platform does not have stays empty."""

    model_config = ConfigDict(frozen=True)

    content: str = ""
    title: str = ""
    tags: str = ""
    """Comma separated."""
    excerpt: str = ""
    media_urls: tuple[str, ...] = ()
    """Of the pictures, in their order; empty for one that is to go."""
    alt_texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, content: Content) -> Self:
        excerpt = content.metadata.get("excerpt")
        return cls(
            content=content.content.replace("\r\n", "\n"),
            title=content.title,
            tags=", ".join(content.tags),
            excerpt=excerpt if isinstance(excerpt, str) else "",
            media_urls=tuple(media.url for media in content.media),
            alt_texts=tuple(media.alt_text for media in content.media),
        )

    @property
    def media(self) -> tuple[Media, ...]:
        rows = zip_longest(self.media_urls, self.alt_texts, fillvalue="")
        return tuple(Media(url=url.strip(), alt_text=alt) for url, alt in rows if url.strip())

    def changes(self, content: Content) -> dict[str, Any]:
        """What differs from `content`, as a decision's fields."""
        was = Typed.of(content)
        found: dict[str, Any] = {}
        if self.content != was.content:
            found["content"] = self.content
        metadata: dict[str, Any] = {
            name: getattr(self, name).strip() or None
            for name in ("title", "excerpt")
            if getattr(self, name) != getattr(was, name)
        }
        if self.tags != was.tags:
            metadata["tags"] = [tag.strip() for tag in self.tags.split(",") if tag.strip()]
        if metadata:
            found["metadata"] = metadata
        if self.media_urls and self.media != content.media:
            found["media"] = self.media
        return found

    def content_from(self, content: Content) -> Content:
        """`content` as it would be with this."""
        changes = self.changes(content)
        return edited(content, Decision(decision="edit", **changes)) if changes else content


class Given(BaseModel):
    """`revise` is an edit that is looked at once more."""

    model_config = ConfigDict(frozen=True)

    decision: Literal["accept", "edit", "revise", "regenerate", "reject"] = "edit"
    seen_hash: str = Field("", pattern="^([0-9a-f]{64})?$")
    feedback: str = ""
    account_id: UUID | None = None
    when: Literal["proposed", "at"] = "proposed"
    at: str = ""
    zone: str = "UTC"
    typed: Typed | None = None
    """None where the form has no editor."""

    def as_decision(self, content: Content) -> Decision:
        """About a draft that says `content`. Raises Invalid."""
        changes = self.typed.changes(content) if self.typed else {}
        decision = "edit" if self.decision == "revise" else self.decision
        if decision == "accept" and changes:
            detail = "You have changed the text; accepting takes it as it was."
            raise Invalid(detail, remedy="Press Save and approve, or undo your changes.")
        if decision == "edit" and not changes:
            if self.decision == "revise":
                raise Invalid("You have changed nothing.", remedy="Accept it, or change something.")
            decision = "accept"
        asked: dict[str, Any] = {"decision": decision}
        if decision in {"accept", "edit"}:
            asked |= {"account_id": self.account_id, "schedule_for": self.schedule_for()}
        else:
            asked["feedback"] = self.feedback.strip() or None
        if decision == "edit":
            asked |= {**changes, "approve": self.decision == "edit"}
        if decision == "regenerate" and not asked["feedback"]:
            detail = "Say what should be different."
            raise Invalid(detail, errors=[FieldError("/feedback", detail)])
        return parse_decision(asked)

    def schedule_for(self) -> datetime | None:
        """None: as the review proposes. Raises Invalid."""
        return None if self.when == "proposed" else instant(self.at, self.zone)


def editable(policy: Policy, content: Content) -> tuple[str, ...]:
    """The editor's fields beside the text, as far as the platform knows them."""
    fields = {
        "title": policy.title_max is not None,
        "excerpt": policy.excerpt_max is not None,
        "tags": policy.tag_max is not None or policy.tags_max is not None,
    }
    return tuple(name for name, there in fields.items() if there or content.metadata.get(name))


async def _given(request: Request) -> Given:
    """Browsers send lines with CR LF, whatever they were."""
    assert isinstance(request, PageRequest)
    form = await request.read_form()
    fields: dict[str, Any] = {
        name: value.replace("\r\n", "\n")
        for name, value in form.multi_items()
        if isinstance(value, str) and value
    }
    if "content" in form:
        pictures = {"media_urls": form.getlist("media_url"), "alt_texts": form.getlist("alt_text")}
        fields["typed"] = {**{name: fields.get(name, "") for name in _TEXTS}, **pictures}
    try:
        return Given.model_validate(fields)
    except ValidationError as error:
        raise Invalid(
            "This form is not one of ours.",
            remedy="Reload the page.",
            errors=[
                FieldError(f"/{problem['loc'][0] if problem['loc'] else ''}", problem["msg"])
                for problem in error.errors(include_url=False, include_context=False, include_input=False)
            ],
        ) from error


FromForm = Annotated[Given, Depends(_given)]
