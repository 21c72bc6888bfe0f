"""Templates, and what every page is given."""

import gzip
import math
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi.exceptions import RequestValidationError
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

import platforms
from core.errors import ProofroomError
from web import session
from web.assets import accepts_gzip, address
from web.filters import FILTERS, LABELS

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
    made.globals |= {"asset": address, "platforms": LABELS}
    made.filters |= FILTERS
    return made
