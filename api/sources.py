"""What a brief's source says, read before there is any row."""

from agents import base
from api.schemas.workflows import Source, TextSource, UrlSource
from core.errors import FieldError, Invalid
from core.http import guarded_client
from core.settings import Settings
from services import sources


class SourceNotSupported(Invalid):
    title = "This kind of source is not supported yet"


async def read_source(source: Source | None, settings: Settings) -> base.Source | None:
    """Fetches a `url`, behind the guard. Raises SourceNotSupported, and what `fetch_url` does."""
    match source:
        case None:
            return None
        case TextSource(text=text):
            return base.Source(type="text", text=text)
        case UrlSource(url=url):
            async with guarded_client(settings, sources.LIMIT_SECONDS) as http:
                return await sources.fetch_url(http, url)
        case other:
            detail = f"Sources of type {other.type} are not supported yet."
            raise SourceNotSupported(
                detail,
                remedy="Paste what it says as a text source.",
                errors=[FieldError("/source/type", detail)],
            )
