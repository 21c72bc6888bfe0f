"""Tools that change something. Nothing goes out by them but by `decide_review`."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field, JsonValue

from api.mcp.answers import Assigned, Comment, Decided, Followed
from api.mcp.reading import follow_workflow
from api.mcp.service import Service
from platforms.registry import PlatformName

Key = Annotated[
    str,
    Field(
        max_length=255,
        pattern=r"^[\x21-\x7e]*$",
        description="A name of your own for this call, without spaces. Repeat a call that was not answered with the same name: "
        "it is then done once.",
    ),
]
SeenHash = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="`seen_hash` of read_review, as you saw it.")
]
Content = Annotated[str, Field(max_length=1_000_000, description="The whole new text; empty: it stays.")]
Metadata = Annotated[
    dict[str, JsonValue] | None,
    Field(description="Merged into the draft's title, excerpt, tags and so on; null removes a key."),
]
Time = Annotated[
    datetime | Literal[""], Field(description="RFC 3339 with an offset: 2027-01-31T09:00:00+01:00.")
]


async def start_workflow(
    service: Service,
    platforms: Annotated[list[PlatformName], Field(min_length=1)],
    text: Annotated[
        str,
        Field(
            max_length=1_000_000, description="What the posts are made from. This or one of the next three."
        ),
    ] = "",
    url: Annotated[str, Field(max_length=2048, description="A public page to read it from.")] = "",
    file_id: Annotated[str, Field(description="A file of the library whose text is there.")] = "",
    post_id: Annotated[str, Field(description="A post that is out, as search_posts finds it.")] = "",
    tone_of_voice: Annotated[str, Field(max_length=500, description="Empty: as the profile says.")] = "",
    audience: Annotated[str, Field(max_length=500)] = "",
    language: Annotated[str, Field(description="Like en or pt-BR; empty: the source's own.")] = "",
    keywords: Annotated[list[str] | None, Field(description="To be worked in.")] = None,
    target_length: Annotated[int | None, Field(description="Words to aim at.")] = None,
    quality_bar: Annotated[
        int | None, Field(ge=0, le=100, description="The score that a draft must reach; by default 80.")
    ] = None,
    max_rounds: Annotated[int | None, Field(ge=1, le=10, description="Drafts at most; by default 3.")] = None,
    schedule_for: Time = "",
    external_id: Annotated[str, Field(max_length=255, description="Your own name for it.")] = "",
    idempotency_key: Key = "",
) -> Followed:
    """Have a text, a page, a file or a post drafted for each platform. Drafts are written, scored, rewritten, and then
    wait for a person: nothing is published by this. Follow it with follow_workflow."""
    sources = [
        {"type": kind, name: value}
        for kind, name, value in (
            ("text", "text", text),
            ("url", "url", url),
            ("file", "file_id", file_id),
            ("post", "post_id", post_id),
        )
        if value
    ]
    if len(sources) != 1:
        raise ToolError("Give one of `text`, `url`, `file_id` and `post_id`.")
    wishes = {
        "tone_of_voice": tone_of_voice,
        "audience": audience,
        "language": language,
        "keywords": keywords,
        "target_length": target_length,
        "quality_bar": quality_bar,
        "max_rounds": max_rounds,
    }
    brief = {
        "source": sources[0],
        "platforms": platforms,
        "options": _given(wishes),
        **_given({"schedule_for": schedule_for, "external_id": external_id}),
    }
    started = await service.send("POST", "/v1/workflows", brief, idempotency_key)
    return await follow_workflow(service, started["id"])


async def edit_draft(
    service: Service,
    review_id: UUID,
    seen_hash: SeenHash,
    content: Content = "",
    metadata: Metadata = None,
    idempotency_key: Key = "",
) -> Decided:
    """Propose other words for a draft under review. They are scored and go back to review, where a person decides about them:
    nothing is published by this. The review that was edited is over; follow_workflow names the new one."""
    edit = {"decision": "edit", "approve": False, "seen_hash": seen_hash}
    given = _given({"content": content, "metadata": metadata})
    return await _decide(service, review_id, edit | given, idempotency_key)


async def ask_for_review(
    service: Service,
    review_id: UUID,
    assignee: Annotated[
        str, Field(description="Username of the member who is to decide; empty: as it is.")
    ] = "",
    due_at: Time = "",
) -> Assigned:
    """Say who is to decide about a draft, by when, or both. To tell them why, use comment_on_review."""
    assignee_id = await _member(service, assignee) if assignee else None
    changes = _given({"assignee_id": assignee_id, "due_at": due_at})
    if not changes:
        raise ToolError("Give `assignee`, `due_at` or both.")
    return Assigned.model_validate(await service.send("PATCH", f"/v1/reviews/{review_id}", changes))


async def comment_on_review(
    service: Service,
    review_id: UUID,
    body: Annotated[str, Field(min_length=1, max_length=10_000)],
    idempotency_key: Key = "",
) -> Comment:
    """Say something to the people who decide about a draft. It changes neither the draft nor the decision."""
    said = await service.send("POST", f"/v1/reviews/{review_id}/comments", {"body": body}, idempotency_key)
    return Comment.model_validate(said)


async def decide_review(
    service: Service,
    review_id: UUID,
    seen_hash: SeenHash,
    decision: Annotated[
        Literal["accept", "edit", "regenerate", "reject"],
        Field(
            description="accept: exactly this text is published. edit: your `content` or `metadata` is published instead. "
            "regenerate: a new draft is written with your `feedback`. reject: nothing comes of it."
        ),
    ],
    content: Content = "",
    metadata: Metadata = None,
    feedback: Annotated[str, Field(max_length=20_000, description="Of regenerate (needed) and reject.")] = "",
    schedule_for: Annotated[Time, Field(description="Publish then instead (accept and edit).")] = "",
    idempotency_key: Key = "",
) -> Decided:
    """Decide about a draft in the name of the key's owner. ACCEPT AND EDIT PUBLISH on the connected account, at once or at the
    scheduled time. Do this only when the person whom you work for has told you to decide about this very draft. It is recorded
    as decided over MCP, and holds only for what `seen_hash` names."""
    given = {
        "content": content,
        "metadata": metadata,
        "feedback": feedback,
        "schedule_for": schedule_for,
    }
    body = {"decision": decision, "seen_hash": seen_hash, **_given(given)}
    return await _decide(service, review_id, body, idempotency_key)


async def _decide(service: Service, review_id: UUID, body: dict[str, Any], key: str) -> Decided:
    return Decided.model_validate(await service.send("POST", f"/v1/reviews/{review_id}/decision", body, key))


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Without what was left out; times as JSON has them."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
        if value not in (None, "", [], {})
    }


async def _member(service: Service, username: str) -> str:
    ids: dict[str, str] = {}
    cursor: str | None = ""
    while cursor is not None:
        found = await service.get("/v1/members", limit=200, cursor=cursor)
        ids |= {each["username"]: each["user_id"] for each in found["items"]}
        if username in ids:
            return ids[username]
        cursor = found["next_cursor"]
    raise ToolError(f"Nobody here is called {username}. There are: {', '.join(sorted(ids))}.")
