"""Outputs: a workflow's words for one platform."""

from uuid import UUID

from pydantic import Field

from api.schemas.common import Answer, Facts, Time
from services.library.outputs import OutputKind, OutputStatus


class OutputOut(Answer):
    id: UUID = Field(description="The thread's.")
    project_id: UUID | None
    workflow_id: UUID
    user_id: UUID | None
    platform: str
    kind: OutputKind
    status: OutputStatus = Field(
        description="Of the words: `completed` once a person may read them, whatever becomes of them then."
    )
    thread_status: str = Field(
        description="How far the thread is, until it is published or has ended otherwise."
    )
    archived: bool = Field(description="Its workflow was completed and nothing has touched it for 90 days.")
    request: Facts | None = Field(description="The template's fields, or the wishes it was asked for with.")
    body: str | None = Field(description="The draft that counts; null before there is one.")
    metadata: Facts = Field(
        description="Of the draft: `word_count`, `reading_time` (minutes), `keywords`, `generated_at`, and what it has "
        "besides."
    )
    created_at: Time
    updated_at: Time
