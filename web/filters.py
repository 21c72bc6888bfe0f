"""How templates write what they are given: `{{ moment|when(zone) }}`."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from api.pages import write_cursor
from platforms.article import passage
from platforms.registry import PLATFORMS, PlatformName
from web.devices import device

LABELS: Final[Mapping[str, str]] = {name.value: PLATFORMS[name].policy.label for name in PlatformName}
_LEADING: Final = re.compile(r"^ {0,3}(?:#{1,6}|>|[-*+]|```\S*)(?:[ \t]+|$)", re.MULTILINE)
_INLINE: Final = re.compile(r"\*\*|~~|`|!?\[(?P<words>[^\]\n]{0,300})\]\([^)\n]{0,2000}(?:\)|\Z)")


def label(platform: str) -> str:
    return LABELS.get(platform, platform)


def within(platform: str) -> str:
    """Its name in a sentence: "the blog", "the newsletter", "X"."""
    if platform == PlatformName.EMAIL:
        return "the newsletter"
    return label(platform).replace("The ", "the ")


def markdown(text: str) -> Markup:
    """A text to be read, for an element of the class `passage`."""
    return Markup(passage(text))  # noqa: S704 - sanitised


def unmarked(text: str) -> str:
    """The beginning of a text in Markdown as a line of a list has it: its words, without what marks headings and the like."""
    return _INLINE.sub(lambda found: found["words"] or "", _LEADING.sub("", text))


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
    apart = abs(seconds)
    amount = next(
        (
            f"{int(apart // unit)} {name}"
            for unit, name in ((86400, "d"), (3600, "h"), (60, "min"))
            if apart >= unit
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


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "markdown": markdown,
    "unmarked": unmarked,
    "takes_markdown": takes_markdown,
    "money": money,
    "size": size,
    "when": when,
    "clock": clock,
    "ago": ago,
    "label": label,
    "within": within,
    "cursor": write_cursor,
    "device": device,
    "took": took,
    "pretty": pretty,
}
