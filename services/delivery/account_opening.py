"""A connected account as an adapter's call needs it: with its credentials in the clear, at its platform's address."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import inspect

from core import sql
from core.crypto import Keyring
from core.http import check_address
from core.policy import Quota
from core.settings import Settings
from core.simulated import simulated_account
from core.sql import Connection, Row, Statement
from models import ConnectedAccount
from platforms.base import Account
from platforms.registry import PlatformName
from services.delivery import rate_limits
from services.delivery.sending import error

_COLUMNS: Final = ", ".join(ConnectedAccount.__table__.columns.keys())
_READ: Final = Statement.of(f"SELECT {_COLUMNS} FROM connected_accounts WHERE id = :account_id")
# No place is taken on an account that has a `problem`.
_RESERVE: Final = Statement.of(f"""
SELECT {_COLUMNS},
    CASE WHEN status NOT IN ('disconnected', 'token_expired') THEN {rate_limits.RESERVE} END AS wait
FROM connected_accounts WHERE id = :account_id
""")
_ATTRIBUTES: Final = {column.columns[0].name: column.key for column in inspect(ConnectedAccount).column_attrs}


async def read(connection: Connection, account_id: UUID) -> ConnectedAccount | None:
    """For a worker: as it reads now, belonging to no session."""
    found = await sql.row(connection, _READ, {"account_id": account_id})
    return None if found is None else _account(found)


async def reserve(
    connection: Connection,
    account_id: UUID,
    quotas: Sequence[Quota],
    *,
    gap_seconds: int,
    missed: bool,
) -> tuple[ConnectedAccount | None, float | None]:
    """As `read`, with its next post reserved as by `rate_limits.reserve`."""
    wanted = rate_limits.place(account_id, quotas, gap_seconds=gap_seconds, missed=missed)
    found = await sql.row(connection, _RESERVE, wanted)
    if found is None:
        return None, None
    wait: float | None = found.pop("wait")
    return _account(found), wait


def _account(row: Row) -> ConnectedAccount:
    return ConnectedAccount(**{_ATTRIBUTES[name]: value for name, value in row.items()})


def opened(row: ConnectedAccount, settings: Settings, keyring: Keyring) -> Account:
    """With its credentials in the clear. The row must have some."""
    assert row.credentials is not None
    plain = keyring.decrypt(row.credentials, context(row.id))
    return as_account(row, settings, orjson.loads(plain))


def problem(row: ConnectedAccount | None, settings: Settings) -> Mapping[str, str] | None:
    """Why nothing can be published with it now; None when all is well."""
    if (found := unusable(row, settings)) is not None or row is None:
        return found
    if row.status == "token_expired":
        detail = row.error_message or f"The access of {row.username} has expired."
        return error("Reauthorize", detail, "Connect the account again, then retry the job.")
    return None


def unusable(row: ConnectedAccount | None, settings: Settings) -> Mapping[str, str] | None:
    """Why its platform cannot even be asked; None when it can."""
    if row is None:
        return error(
            "NoAccount", "The account is gone.", "Connect one, then retry the job with its account_id."
        )
    if row.simulated and (
        not settings.simulates or simulator_of(PlatformName(row.platform), settings) is None
    ):
        detail = f"{row.username} is simulated, and this service has no simulators."
        return error("SimulatedAccount", detail, "Connect a real account and start a review for it.")
    if row.status == "disconnected" or row.credentials is None:
        return error(
            "AccountDisconnected", f"{row.username} is disconnected.", "Connect it again, then retry the job."
        )
    return None


def as_account(row: ConnectedAccount, settings: Settings, credentials: Mapping[str, str]) -> Account:
    metadata: dict[str, Any] = dict(row.metadata_ or {})
    if row.platform == PlatformName.LINKEDIN:
        metadata["api_version"] = settings.linkedin_version
    return Account(
        id=row.id,
        platform_user_id=row.platform_user_id,
        username=row.username,
        base_url=_base_url(row, settings),
        credentials=credentials,
        metadata=metadata,
        simulated=bool(row.simulated),
        addresses=partial(check_address, settings, exempt=_simulated_mail(settings)),
    )


def simulator_of(platform: PlatformName, settings: Settings) -> str | None:
    """Where it listens."""
    if platform is not PlatformName.EMAIL:
        return settings.simulator_url
    return next((f"smtp://{peer}" for peer in _simulated_mail(settings)), None)


def _simulated_mail(settings: Settings) -> tuple[str, ...]:
    port = settings.simulator_mail_port
    return (f"127.0.0.1:{port}",) if settings.simulates and port else ()


def _base_url(row: ConnectedAccount, settings: Settings) -> str:
    platform = PlatformName(row.platform)
    if row.simulated:
        # Found anew at each start: the simulators' port may have changed.
        simulator = simulator_of(platform, settings)
        assert simulator is not None, "a deployed service never simulates"
        return simulated_account(platform.value, row.username, simulator).base_url
    configured = {
        PlatformName.LINKEDIN: settings.linkedin_url,
        PlatformName.X: settings.x_url,
        PlatformName.INSTAGRAM: settings.instagram_url,
    }
    return (row.base_url or configured[platform]).rstrip("/")


def context(account_id: UUID) -> str:
    return f"connected_accounts.credentials:{account_id}"
