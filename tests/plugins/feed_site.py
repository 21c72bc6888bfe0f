"""A site with feeds and articles, on loopback: it says what it is told to say, and keeps what it was asked."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from html import escape

import pytest


@dataclass
class FeedSite:
    peer: str
    """host:port"""
    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    """By path. One with an ETag answers 304 to whoever has it."""
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def url(self, path: str = "/feed.xml") -> str:
        return f"http://{self.peer}{path}"

    def say(self, body: str | bytes = "", path: str = "/feed.xml", status: int = 200, **headers: str) -> None:
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        self.pages[path] = (status, named, body if isinstance(body, bytes) else body.encode())

    def publish(self, *titles: str, more: str = "", **headers: str) -> None:
        """An RSS feed with these entries, the newest first. `title|guid|link` says more of one."""
        items = []
        for index, each in enumerate(titles):
            title, guid, link = (*each.split("|"), "", "")[:3]
            guid = guid or title
            link = link or self.url(f"/{guid.replace(' ', '-')}")
            items.append(
                f"<item><title>{escape(title)}</title><guid isPermaLink='false'>{escape(guid)}</guid>"
                f"<link>{escape(link)}</link>"
                f"<description>&lt;p&gt;All about {escape(title)}, in some words.&lt;/p&gt;</description>"
                f"<pubDate>Mon, 02 Nov 2026 {23 - index // 60:02}:{59 - index % 60:02}:00 GMT</pubDate></item>"
            )
        channel = f"<title>On tea</title><link>{self.url('/')}</link>{more}{''.join(items)}"
        self.say(
            f"<?xml version='1.0'?><rss version='2.0' xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>"
            f"<channel>{channel}</channel></rss>",
            content_type="application/rss+xml",
            **headers,  # type: ignore[arg-type] # none of them is called status
        )


@pytest.fixture
async def feed_site() -> AsyncIterator[FeedSite]:
    from aiohttp import web  # slow to load, and most tests do not need it

    made = FeedSite("")

    async def answer(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        made.asked.append((request.path, headers))
        status, more, body = made.pages.get(request.path, (404, {}, b""))
        if "Etag" in more and headers.get("if-none-match") == more["Etag"]:
            return web.Response(status=304, headers=more)
        return web.Response(status=status, headers=more, body=body)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    made.peer = f"{host}:{port}"
    yield made
    await runner.cleanup()
