"""What a brief's source says, or where it is kept, found out before there is any row."""

from typing import assert_never

from agents import base
from api.schemas.workflows import FileSource, PostSource, Source, TextSource, UrlSource
from core.http import guarded_client
from core.settings import Settings
from services.library import url_sources
from services.library.kept_sources import Kept


async def read_source(source: Source | None, settings: Settings) -> base.Source | Kept | None:
    """Fetches a `url`, behind the guard; raises what `fetch_url` does."""
    match source:
        case None:
            return None
        case TextSource(text=text):
            return base.Source(type="text", text=text)
        case UrlSource(url=url):
            async with guarded_client(settings, url_sources.LIMIT_SECONDS) as http:
                return await url_sources.fetch_url(http, url)
        case FileSource(file_id=file_id):
            return Kept("file", file_id)
        case PostSource(post_id=post_id):
            return Kept("post", post_id)
        case unknown:
            assert_never(unknown)
