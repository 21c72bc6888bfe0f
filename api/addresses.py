"""Where people reach this service."""

from starlette.requests import Request


def base(request: Request) -> str:
    """As the operator says, otherwise as this caller does; without a slash at its end."""
    return str(request.app.state.settings.public_url or request.base_url).rstrip("/")
