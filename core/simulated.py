"""What a simulated account looks like: the services store it and the simulators accept it, with no call between them.

Its credentials follow from its name. They protect nothing: simulators listen on loopback only.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Simulated = Literal["linkedin", "x", "blog", "instagram", "email"]

SIMULATED_LIST: Final = "Simulated readers"
SIMULATED_READERS: Final = ("ada@readers.example", "grace@readers.example", "bounce@readers.example")
"""Whom a new workspace's newsletters go to; of the last one the simulated mail server says that it is not there."""


@dataclass(frozen=True, slots=True)
class SimulatedAccount:
    username: str
    platform_user_id: str
    base_url: str
    credentials: Mapping[str, str] = field(repr=False)


def simulated_account(platform: Simulated, username: str, simulator_url: str) -> SimulatedAccount:
    """`username`: 1 to 64 of `a-z0-9_-`. LinkedIn's is an organisation, whose posts can be read back; for e-mail
    `simulator_url` is the mail server's, smtp://…."""
    url = simulator_url.rstrip("/")
    match platform:
        case "linkedin":
            urn = f"urn:li:organization:{username}"
            credentials = {"access_token": linkedin_token(username), "organization": urn}
            return SimulatedAccount(username, urn, f"{url}/linkedin", credentials)
        case "x":
            return SimulatedAccount(
                username, x_user_id(username), f"{url}/x", {"access_token": x_token(username)}
            )
        case "blog":
            base_url = f"{url}/ghost/{username}"
            return SimulatedAccount(username, base_url, base_url, {"admin_api_key": ghost_key(username)})
        case "instagram":
            return SimulatedAccount(
                username,
                instagram_user_id(username),
                f"{url}/instagram",
                {"access_token": instagram_token(username)},
            )
        case "email":
            sender = f"{username}@newsletter.example"
            login = {"username": username, "password": mail_password(username)}
            named = {"from_address": sender, "from_name": username, "list": SIMULATED_LIST}
            return SimulatedAccount(username, sender, url, {**login, **named})


def linkedin_token(username: str) -> str:
    return f"sim-linkedin-{username}"


def x_token(username: str) -> str:
    return f"sim-x-{username}"


def x_user_id(username: str) -> str:
    return str(int(_digest(f"x:{username}")[:15], 16))


def instagram_token(username: str) -> str:
    return f"sim-instagram-{username}"


def instagram_user_id(username: str) -> str:
    """Seventeen digits, as Instagram's are."""
    return f"178414{int(_digest(f'instagram:{username}')[:12], 16) % 10**11:011}"


def mail_password(username: str) -> str:
    return f"sim-mail-{username}"


def ghost_key(username: str) -> str:
    """`id:secret`, both hexadecimal, as Ghost's Admin API keys are."""
    return f"{_digest(f'ghost-id:{username}')[:24]}:{_digest(f'ghost-secret:{username}')}"


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
