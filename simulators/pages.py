"""Posts as a person would see them, under a banner that says what they are."""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape

from starlette.responses import HTMLResponse

from simulators.record import Entry

_NAMES = {
    "linkedin": "LinkedIn",
    "x": "X",
    "blog": "the blog",
    "instagram": "Instagram",
    "email": "a mailbox",
}
_STYLE = """
body{font:17px/1.5 system-ui,sans-serif;margin:0;background:#f3f2ef;color:#1c1c1c}
.banner{background:#fde68a;padding:.6rem 1rem;text-align:center;font-size:.9rem}
main{max-width:40rem;margin:2rem auto;background:#fff;border:1px solid #ddd;border-radius:10px;padding:1.5rem 2rem}
.text{white-space:pre-wrap;overflow-wrap:anywhere}
.meta{color:#666;font-size:.85rem}
img{max-width:100%}
"""


def post_page(entry: Entry) -> HTMLResponse:
    """`fields["html"]` was sanitised when it was stored; everything else is escaped here."""
    title = str(entry.fields.get("title") or "")
    heading = f"<h1>{escape(title)}</h1>" if title else ""
    cover = str(entry.fields.get("feature_image") or "")
    if cover:
        alt = str(entry.fields.get("feature_image_alt") or "")
        heading += f'<img src="{escape(cover)}" alt="{escape(alt)}">'
    for picture in entry.pictures:
        heading += f'<p><img src="{escape(picture.url)}" alt="{escape(picture.alt_text)}"></p>'
    html = entry.fields.get("html")
    body = html if isinstance(html, str) else f'<div class="text">{escape(entry.text)}</div>'
    at = datetime.fromtimestamp(entry.created_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    to = entry.fields.get("to")
    addressed = f" → {escape(to)}" if isinstance(to, str) else ""
    meta = f'<p class="meta">{escape(entry.account)}{addressed} · {at}</p>'
    return _page(
        entry.platform, title or f"{entry.account} on {_NAMES[entry.platform]}", f"{meta}{heading}{body}"
    )


def index_page(entries: Iterable[Entry]) -> HTMLResponse:
    """Everything that is out, newest first."""
    items = "".join(
        f'<li>{escape(_NAMES[entry.platform])}: <a href="{escape(entry.url)}">'
        f"{escape(str(entry.fields.get('title') or entry.text)[:100])}</a></li>"
        for entry in entries
        if entry.status == "published"
    )
    return _page(
        "any platform", "Posts", f"<h1>Posts</h1><ul>{items}</ul>" if items else "<p>No posts yet.</p>"
    )


def missing_page(platform: str) -> HTMLResponse:
    return _page(platform, "Not found", "<h1>Not found</h1><p>There is no such post.</p>", 404)


def _page(platform: str, title: str, body: str, status: int = 200) -> HTMLResponse:
    banner = f"Simulated: this is not {_NAMES.get(platform, platform)}. Nothing left this machine."
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} (simulated)</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f'<body><div class="banner">{banner}</div><main>{body}</main></body></html>'
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src * data:"
    return HTMLResponse(html, status, headers={"Content-Security-Policy": policy})
