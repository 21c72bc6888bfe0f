"""Templates, and what every page is given."""

import gzip
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi.exceptions import RequestValidationError
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

import platforms
from api.pages import write_cursor
from core.errors import ProofroomError
from platforms.article import passage
from platforms.registry import PLATFORMS, PlatformName
from web import session
from web.assets import accepts_gzip, address
from web.devices import device

_HERE: Final = Path(__file__).parent
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: https:",
        "media-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""https: a post's pictures lie anywhere."""
NOTICE_COOKIE: Final = "proofroom_notice"
TIMEZONE_COOKIE: Final = "proofroom_timezone"
CHOSEN_TIMEZONE_COOKIE: Final = "proofroom_timezone_chosen"
THEME_COOKIE: Final = "proofroom_theme"
_NOTICE_SECONDS: Final = 60
_WORTH_PACKING: Final = 2000
"""Bytes. A form's token is another one on each page, so that packing does not tell it."""


def page(request: Request, template: str, status: int = HTTPStatus.OK, **context: Any) -> HTMLResponse:
    """A page, or a part of one: names in `context` are the template's, beside `request`, `principal`, `csrf_token`."""
    notice = unquote(request.cookies.get(NOTICE_COOKIE, ""))
    found = _environment().get_template(template)
    body = found.render(
        request=request,
        principal=getattr(request.state, "principal", None),
        csrf_token=session.csrf_token(request),
        theme=_theme(request),
        zone=timezone(request),
        zone_chosen=CHOSEN_TIMEZONE_COOKIE in request.cookies,
        notice=notice,
        now=datetime.now(UTC),
        **context,
    )
    response = _packed(request, body, status)
    session.remember_visitor(request, response)
    if notice and not is_fragment(request):
        response.delete_cookie(NOTICE_COOKIE)
    return response


def _packed(request: Request, body: str, status: int) -> HTMLResponse:
    headers = {"Content-Security-Policy": POLICY, "Vary": "Accept-Encoding"}
    encoded = body.encode()
    # What answers a form may be kept for its idempotency key, and that keeps no encoding.
    if request.method == "GET" and len(encoded) > _WORTH_PACKING and accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        encoded = gzip.compress(encoded, compresslevel=4, mtime=0)
    return HTMLResponse(encoded, status, headers)


def redirect(request: Request, where: str, notice: str = "") -> Response:
    """Go there, as a browser or as htmx does it; the next page says `notice` once."""
    response: Response
    if is_fragment(request):
        response = Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": where})
    else:
        response = RedirectResponse(where, HTTPStatus.SEE_OTHER)
    if notice:
        session.set_cookie(request, response, NOTICE_COOKIE, quote(notice), _NOTICE_SECONDS)
    return response


def failure(request: Request, error: ProofroomError | RequestValidationError) -> Response:
    """What went wrong, on a page of its own or, for htmx, in the page's notice; what was typed stays where it is."""
    status, title, detail, remedy, errors = _explain(error)
    template = "ui/problem_notice.html" if is_fragment(request) else "ui/problem_page.html"
    response = page(request, template, status, title=title, detail=detail, remedy=remedy, errors=errors)
    if is_fragment(request):
        response.headers["HX-Retarget"] = "#notices"
        response.headers["HX-Reswap"] = "beforeend"
    if isinstance(error, ProofroomError) and error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    return response


def is_fragment(request: Request) -> bool:
    """htmx asks, and for less than a whole page."""
    return "hx-request" in request.headers and "hx-boosted" not in request.headers


def standing(request: Request) -> str:
    """The path of the page on which htmx runs."""
    try:
        here = urlsplit(request.headers.get("hx-current-url", "/"))
    except ValueError:
        return "/"
    return here.path + (f"?{here.query}" if here.query else "")


def timezone(request: Request) -> ZoneInfo:
    """The one that was chosen in the settings, else the browser's, as it told; until then UTC."""
    cookies = request.cookies
    try:
        return ZoneInfo(unquote(cookies.get(CHOSEN_TIMEZONE_COOKIE) or cookies.get(TIMEZONE_COOKIE) or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _theme(request: Request) -> str:
    chosen = request.cookies.get(THEME_COOKIE)
    return chosen if chosen in {"light", "dark"} else "auto"


def _explain(
    error: ProofroomError | RequestValidationError,
) -> tuple[int, str, str, str | None, list[tuple[str, str]]]:
    if isinstance(error, ProofroomError):
        fields = [(_label(each.pointer), each.detail) for each in error.errors]
        return error.status, error.title, error.detail, error.remedy, fields
    found = error.errors()
    fields = [
        (_label(str(each["loc"][-1])), str(each["msg"]).removeprefix("Value error, ")) for each in found
    ]
    status = HTTPStatus.NOT_FOUND if found[0]["loc"][0] == "path" else HTTPStatus.UNPROCESSABLE_ENTITY
    if status is HTTPStatus.NOT_FOUND:
        return status, "Not found", "Nothing is at this address.", None, []
    return status, "Something is missing or wrong", "Look at what you entered.", None, fields


def _label(pointer: str) -> str:
    return pointer.rpartition("/")[2].rpartition(".")[2].replace("_", " ").strip()


@cache
def _environment() -> Environment:
    rooms = Path(platforms.__file__).parent
    made = Environment(
        loader=ChoiceLoader(
            [FileSystemLoader(_HERE / "templates"), PrefixLoader({"platforms": FileSystemLoader(rooms)})]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"asset": address, "platforms": _LABELS}
    made.filters |= {
        "markdown": markdown,
        "takes_markdown": takes_markdown,
        "money": money,
        "size": size,
        "when": when,
        "clock": clock,
        "ago": ago,
        "label": label,
        "cursor": write_cursor,
        "device": device,
        "took": took,
        "pretty": pretty,
    }
    return made


_LABELS: Final[Mapping[str, str]] = {name.value: PLATFORMS[name].policy.label for name in PlatformName}


def label(platform: str) -> str:
    return _LABELS.get(platform, platform)


def markdown(text: str) -> Markup:
    """A text to be read, for an element of the class `passage`."""
    return Markup(passage(text))  # noqa: S704 - sanitised


def takes_markdown(platform: str) -> bool:
    return PLATFORMS[PlatformName(platform)].policy.markdown


def money(amount: Decimal | str | float) -> str:
    """US dollars; small ones to their first two figures."""
    value = Decimal(str(amount))
    if value == 0:
        return "$0"
    if abs(value) >= Decimal("0.1"):
        return f"${value:,.2f}"
    return f"${value:.{1 - value.adjusted()}f}"


def size(number: int | None) -> str:
    """Of a file: 12 KB, 1.4 MB."""
    if number is None:
        return ""
    for unit, bytes_ in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if number >= bytes_:
            return f"{number / bytes_:.{0 if number >= 10 * bytes_ or unit == 'KB' else 1}f} {unit}"
    return f"{number} bytes"


def when(moment: datetime | str | None, zone: ZoneInfo) -> Markup:
    """As people there write it; `times.js` goes by the attribute."""
    if moment is None:
        return Markup("")
    at = _moment(moment)
    return Markup('<time datetime="{}" data-form="when">{}</time>').format(
        at.isoformat(), f"{at.astimezone(zone):%-d %b %Y, %H:%M}"
    )


def clock(moment: datetime | str, zone: ZoneInfo) -> Markup:
    at = _moment(moment)
    return Markup('<time datetime="{}" data-form="clock">{}</time>').format(
        at.isoformat(), f"{at.astimezone(zone):%H:%M:%S}"
    )


def ago(moment: datetime | str | None, now: datetime) -> Markup:
    """How long since, or until: 5 min, 3 h, 2 d."""
    if moment is None:
        return Markup("")
    at = _moment(moment)
    seconds = (now - at).total_seconds()
    size = abs(seconds)
    amount = next(
        (
            f"{int(size // unit)} {name}"
            for unit, name in ((86400, "d"), (3600, "h"), (60, "min"))
            if size >= unit
        ),
        "now",
    )
    said = amount if amount == "now" else f"{amount} ago" if seconds > 0 else f"in {amount}"
    return Markup('<time datetime="{}" data-form="ago">{}</time>').format(at.isoformat(), said)


def took(started: datetime | str, ended: datetime | str) -> str:
    """0.4 s."""
    return f"{(_moment(ended) - _moment(started)).total_seconds():.1f} s"


def pretty(value: object) -> str:
    """JSON for people."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def _moment(moment: datetime | str) -> datetime:
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment
