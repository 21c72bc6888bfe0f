"""What a browser calls itself, in words by which its owner knows it again."""

import re
from typing import Final

_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/|FxiOS", "Firefox"),
    ("Chrome/|CriOS", "Chrome"),
    ("Safari/", "Safari"),
)
"""In this order: most claim to be those after them, too."""
_SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone|iPad", "iOS"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device(user_agent: str | None) -> str:
    """Firefox on Linux; a program by its own name."""
    if not user_agent:
        return "An unknown device"
    browser, system = _known(_BROWSERS, user_agent), _known(_SYSTEMS, user_agent)
    if browser is None:
        return user_agent.partition("/")[0][:60]
    return f"{browser} on {system}" if system else browser


def _known(names: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for pattern, name in names if re.search(pattern, user_agent)), None)
