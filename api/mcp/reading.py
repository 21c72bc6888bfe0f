"""Tools that change nothing."""

from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from api.mcp.answers import (
    Draft,
    Drafts,
    Followed,
    Measured,
    Posts,
    Review,
    WaitingReviews,
    Workflows,
)
from api.mcp.service import LONGEST_WAIT, Service
from platforms.registry import PlatformName

Limit = Annotated[int, Field(ge=1, le=200, description="At most so many.")]
Cursor = Annotated[str, Field(description="`next_cursor` of the page before.")]
AnyPlatform = Annotated[PlatformName | Literal[""], Field(description="Of this platform only.")]
Words = Annotated[str, Field(max_length=200, description="Words that are in it.")]


async def follow_workflow(
    service: Service,
    workflow_id: UUID,
    state: Annotated[str, Field(description="`state` of the last answer; empty: answer at once.")] = "",
    wait_seconds: Annotated[
        int, Field(ge=0, le=LONGEST_WAIT, description="Wait so long for another state than `state`.")
    ] = 30,
) -> Followed:
    """How a workflow stands: each platform's status, score and the review that waits. Given the `state` of the last answer,
    it answers as soon as something has changed since, at the latest after `wait_seconds`. Call it again and again with the new
    `state` until no thread is generating or evaluating any more."""
    path = f"/v1/workflows/{workflow_id}"
    wait = {"wait": wait_seconds} if state else {}
    found = await service.request("GET", path, query=wait, headers={"If-None-Match": state} if state else {})
    if found.status_code == HTTPStatus.NOT_MODIFIED:
        found = await service.request("GET", path)
    now = found.headers["etag"]
    return Followed.model_validate({**found.json(), "state": now, "changed": now != state})


async def list_workflows(
    service: Service,
    status: Annotated[
        Literal["", "running", "awaiting_review", "completed", "failed", "cancelled", "archived"],
        Field(description="Of this status only."),
    ] = "",
    external_id: Annotated[str, Field(max_length=255, description="Your own name for it.")] = "",
    limit: Limit = 20,
    cursor: Cursor = "",
) -> Workflows:
    """Workflows, newest first. A workflow is one brief and all that comes of it, a thread for each platform."""
    return Workflows.model_validate(
        await service.get("/v1/workflows", status=status, external_id=external_id, limit=limit, cursor=cursor)
    )


async def list_reviews(
    service: Service,
    platform: AnyPlatform = "",
    workflow_id: Annotated[UUID | Literal[""], Field(description="Of this workflow only.")] = "",
    q: Words = "",
    limit: Limit = 20,
    cursor: Cursor = "",
) -> WaitingReviews:
    """The inbox: drafts that wait for a person's decision, the most urgent first."""
    return WaitingReviews.model_validate(
        await service.get(
            "/v1/reviews",
            status="pending",
            sort="urgent",
            include="names",
            platform=platform,
            workflow_id=workflow_id,
            q=q,
            limit=limit,
            cursor=cursor,
        )
    )


async def read_review(service: Service, review_id: UUID) -> Review:
    """A draft under review, whole: its text, score, the critic's findings with the words that they are about, the platform's
    rules that it breaks, and `seen_hash`, which edits and decisions must name."""
    return Review.of(await service.get(f"/v1/reviews/{review_id}"))


async def read_drafts(service: Service, thread_id: UUID) -> Drafts:
    """Every draft of one platform's thread, oldest first, each with its score, findings and violations."""
    found = await service.get(f"/v1/threads/{thread_id}/drafts")
    return Drafts(drafts=[Draft.of(each, _latest(each["evaluations"])) for each in found["items"]])


def _latest(evaluations: list[dict[str, Any]]) -> dict[str, Any] | None:
    return max(evaluations, key=lambda each: (each["created_at"], each["id"]), default=None)


async def validate_text(
    service: Service,
    platform: PlatformName,
    content: Annotated[str, Field(max_length=1_000_000)],
    title: Annotated[str, Field(description="Where the platform has titles.")] = "",
    tags: Annotated[list[str] | None, Field(description="Where the platform has tags.")] = None,
) -> Measured:
    """Measure a text as its platform does, and name each rule that it breaks. Nothing is kept or published."""
    metadata = {name: value for name, value in (("title", title), ("tags", tags)) if value}
    body = {"platform": platform, "content": content, "metadata": metadata}
    return Measured.model_validate(await service.send("POST", "/v1/validate", body))


async def search_posts(
    service: Service,
    q: Annotated[
        str, Field(max_length=500, description='As in a search engine: "a phrase", or, -without. Empty: all.')
    ] = "",
    platform: AnyPlatform = "",
    limit: Limit = 20,
    cursor: Cursor = "",
) -> Posts:
    """What has been published, newest first."""
    return Posts.model_validate(
        await service.get("/v1/posts", q=q, platform=platform, limit=limit, cursor=cursor)
    )
