"""Files of projects, and what else a project shows when asked."""

from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, HttpUrl

from api.schemas.common import Answer, Body, Time
from api.schemas.extractions import Retryable
from api.schemas.library import ProjectOut
from api.schemas.outputs import OutputOut
from models.library import ExtractionStatus
from services.library.file_links import LONGEST_SECONDS


def _hexadecimal(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


Sha256 = Annotated[str, BeforeValidator(_hexadecimal), Field(pattern="^[0-9a-f]{64}$")]


class FileOut(Answer):
    id: UUID
    project_id: UUID
    name: str = Field(description="What it was called where it came from.")
    path: str = Field(description="Where it lies in the storage.")
    mime_type: str = Field(description="By its content, whatever it is called.")
    size_bytes: int
    sha256: Sha256
    public_url: str | None = Field(
        description="Whoever has this address can read it; null while it is private."
    )
    extraction_status: ExtractionStatus = Field(description="Of getting its text.")
    error: str | None = Field(description="Why it has no text.")
    retryable: Retryable
    user_id: UUID | None
    created_at: Time
    updated_at: Time


class FileLinkIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"expires_in": 3600}]})

    expires_in: int = Field(3600, ge=1, le=LONGEST_SECONDS, strict=True, description="Seconds.")


class FileLinkOut(Answer):
    url: HttpUrl
    expires_at: Time


class FilePublicIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"public": True}]})

    public: bool = Field(
        strict=True,
        description="True: whoever has the address can read it, without a session, until this is false.",
    )


class UploadOut(Answer):
    id: UUID = Field(description="Also of the file that comes of it.")
    project_id: UUID
    name: str
    length: int = Field(description="Bytes of the whole file.")
    received: int = Field(description="Bytes that are here: where to go on.")
    metadata: str = Field(validation_alias="metadata_", description="Upload-Metadata, as it was sent.")
    created_at: Time
    expires_at: Time


class ProjectWhole(ProjectOut):
    files: list[FileOut] = Field(default_factory=list, description="The newest 50, with `include=files`.")
    outputs: list[OutputOut] = Field(
        default_factory=list, description="The newest 50, with `include=outputs`."
    )
