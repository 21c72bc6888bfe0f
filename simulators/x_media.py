"""Images as X takes them: announced, sent in segments, finished, described."""

import time
from collections.abc import Callable

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.faults import Endpoint, Handler, Refusal
from simulators.record import Entry, Record
from simulators.x_answers import Strict, body_of, problem


class NewUpload(Strict):
    media_type: str
    media_category: str
    total_bytes: int = Field(ge=1, le=5 * 1024 * 1024)


class Text(Strict):
    text: str = Field(max_length=1000)


class Metadata(Strict):
    alt_text: Text


class NewMetadata(Strict):
    id: str
    metadata: Metadata


class Media:
    def __init__(self, record: Record) -> None:
        self._record = record

    def routes(self, behind: Callable[[Handler], Endpoint]) -> list[Route]:
        upload = "/2/media/upload"
        return [
            Route(f"{upload}/initialize", behind(self._initialize), methods=["POST"]),
            Route(f"{upload}/{{id}}/append", behind(self._append), methods=["POST"]),
            Route(f"{upload}/{{id}}/finalize", behind(self._finalize), methods=["POST"]),
            Route("/2/media/metadata", behind(self._metadata), methods=["POST"]),
        ]

    async def _initialize(self, request: Request, account: str) -> Response:
        upload = body_of(NewUpload, await request.body())
        media_id = str(self._record.next_id())
        self._record.keep(
            Entry(
                platform="x", account=account, id=media_id, kind="image", fields={"total": upload.total_bytes}
            )
        )
        return JSONResponse(
            {"data": {"id": media_id, "media_key": f"3_{media_id}", "expires_after_secs": 86400}}
        )

    async def _append(self, request: Request, account: str) -> Response:
        entry = self._image(account, request.path_params["id"])
        async with request.form() as form:
            part = form.get("media")
            if "segment_index" not in form or part is None or isinstance(part, str):
                return problem(400, "Invalid Request", "segment_index and media are required")
            received = len(await part.read())
        self._record.keep(entry.model_copy(update={"fields": {**entry.fields, "received": received}}))
        return JSONResponse({"data": {"expires_at": int(time.time()) + 86400}})

    async def _finalize(self, request: Request, account: str) -> Response:
        entry = self._image(account, request.path_params["id"])
        if entry.fields.get("received") != entry.fields["total"]:
            return problem(400, "Invalid Request", "Segments do not add up to provided total file size.")
        self._record.keep(entry.model_copy(update={"fields": {**entry.fields, "finalized": True}}))
        return JSONResponse(
            {"data": {"id": entry.id, "media_key": f"3_{entry.id}", "size": entry.fields["total"]}}
        )

    async def _metadata(self, request: Request, account: str) -> Response:
        metadata = body_of(NewMetadata, await request.body())
        entry = self._image(account, metadata.id)
        alt_text = metadata.metadata.alt_text.text
        self._record.keep(entry.model_copy(update={"fields": {**entry.fields, "alt_text": alt_text}}))
        return JSONResponse(
            {"data": {"id": entry.id, "associated_metadata": {"alt_text": {"text": alt_text}}}}
        )

    def _image(self, account: str, media_id: str) -> Entry:
        entry = self._record.get("x", account, media_id)
        if entry is None or entry.kind != "image":
            raise Refusal(problem(400, "Invalid Request", "Your media IDs are invalid."))
        return entry
