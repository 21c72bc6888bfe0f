"""People whom an issuer elsewhere vouches for. The first time that one is seen, the account is made."""

import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self
from uuid import UUID

import structlog
from email_validator import EmailNotValidError, validate_email

from core.crypto import Keyring
from core.db import Database
from core.errors import Unavailable
from core.oidc import Issuer
from core.principal import Principal
from core.settings import Settings
from services.access import identity

log = structlog.get_logger(__name__)

NAME_LENGTH: Final = 50
DISPLAY_LENGTH: Final = 100
_EMAIL_LENGTH: Final = 254
_ATTEMPTS: Final = 10
_UNUSABLE: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What the account of somebody unknown is made of."""

    subject: identity.Subject
    username: str
    email: str | None
    """Only one that the issuer has verified."""
    display_name: str | None

    @classmethod
    def of(cls, issuer: Issuer, claims: Mapping[str, Any]) -> Self:
        subject = identity.Subject(issuer.name, claims["sub"])
        return cls(subject, username(claims), _email(claims), _display_name(claims))


async def authenticate(
    db: Database,
    keyring: Keyring,
    settings: Settings,
    issuer: Issuer,
    token: str,
    workspace_id: UUID | None,
) -> Principal:
    """Whom a bearer token of the issuer stands for. Raises InvalidToken, IssuerUnreachable, or NotFound when the workspace
    is not theirs."""
    claims = await issuer.bearer(token)
    return await recognise(db, keyring, settings, issuer, claims, workspace_id)


async def recognise(
    db: Database,
    keyring: Keyring,
    settings: Settings,
    issuer: Issuer,
    claims: Mapping[str, Any],
    workspace_id: UUID | None,
) -> Principal:
    """Whom verified claims are about; their account is made if there is none, once, however many ask at a time.

    An account is never found by its e-mail address: whoever holds an address at the issuer would take over the account
    that somebody else made with it here.
    """
    found = await identity.find_subject(db, identity.Subject(issuer.name, claims["sub"]), workspace_id)
    if found is not None:
        return found
    newcomer = Newcomer.of(issuer, claims)
    for _ in range(_ATTEMPTS):
        newcomer = await _admit(db, keyring, settings, newcomer)
        found = await identity.find_subject(db, newcomer.subject, workspace_id)
        if found is not None:
            return found
    raise Unavailable("No username could be found for the new account.", remedy="Try again.")


async def _admit(db: Database, keyring: Keyring, settings: Settings, newcomer: Newcomer) -> Newcomer:
    """Makes the account, unless something is taken: then as whom to try again, if nobody was quicker."""
    try:
        async with db.anonymous() as session:
            made = await identity.add_user(
                session,
                keyring,
                settings,
                username=newcomer.username,
                email=newcomer.email,
                hashed_password=None,
                display_name=newcomer.display_name,
                subject=newcomer.subject,
            )
        log.info("user.admitted", user_id=str(made.user_id))
    except identity.SubjectTaken:
        return newcomer
    except identity.EmailTaken:
        return replace(newcomer, email=None)
    except identity.UsernameTaken:
        other = f"{newcomer.username[: NAME_LENGTH - 7]}-{secrets.token_hex(3)}"
        return replace(newcomer, username=other)
    return newcomer


def username(claims: Mapping[str, Any]) -> str:
    """The first of the claims' names that a username can be made from."""
    return next((name for name in _names(claims) if len(name) >= 2), "user")


def _names(claims: Mapping[str, Any]) -> Iterator[str]:
    for claim, whole in (("preferred_username", False), ("email", False), ("sub", True)):
        given = str(claims.get(claim) or "")
        spelled = unicodedata.normalize("NFKD", given if whole else given.partition("@")[0])
        ascii_only = spelled.encode("ascii", "ignore").decode()
        yield _UNUSABLE.sub("-", ascii_only).strip("._-")[:NAME_LENGTH]


def _email(claims: Mapping[str, Any]) -> str | None:
    given = claims.get("email")
    usable = isinstance(given, str) and given.isprintable() and len(given) <= _EMAIL_LENGTH
    if claims.get("email_verified") is not True or not usable:
        return None
    try:
        return validate_email(str(given), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return None


def _display_name(claims: Mapping[str, Any]) -> str | None:
    given = claims.get("name")
    usable = isinstance(given, str) and given.isprintable()
    return str(given)[:DISPLAY_LENGTH].strip() or None if usable else None
