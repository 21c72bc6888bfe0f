from core.crypto import Keyring
from core.db import Database
from core.principal import Role, Scope
from core.settings import Settings
from services.access import identity, sessions
from services.access.first_owner import ensure_first_owner


async def test_first_start_makes_an_owner_with_a_key_and_a_link(db: Database, settings: Settings) -> None:
    keyring = Keyring.from_settings(settings)
    made = await ensure_first_owner(db, keyring, settings)

    principal = await identity.authenticate(db, made.api_key, None)
    assert (principal.username, principal.role, principal.scopes) == ("owner", Role.OWNER, frozenset(Scope))
    assert made.link is not None
    token = await sessions.redeem(db, keyring, settings, made.link, sessions.Device())
    assert (await identity.authenticate(db, token.secret, None)).user_id == principal.user_id


async def test_later_starts_keep_the_key_and_make_a_link_only_until_somebody_signed_in(
    db: Database, settings: Settings
) -> None:
    keyring = Keyring.from_settings(settings)
    first = await ensure_first_owner(db, keyring, settings)
    second = await ensure_first_owner(db, keyring, settings, api_key=first.api_key)
    assert second.api_key == first.api_key
    assert second.link is not None
    await sessions.redeem(db, keyring, settings, second.link, sessions.Device())

    assert (await ensure_first_owner(db, keyring, settings, api_key=first.api_key)).link is None


async def test_a_lost_key_is_replaced_and_no_longer_holds(db: Database, settings: Settings) -> None:
    keyring = Keyring.from_settings(settings)
    first = await ensure_first_owner(db, keyring, settings)
    second = await ensure_first_owner(db, keyring, settings, api_key=None)
    third = await ensure_first_owner(db, keyring, settings, api_key=first.api_key)

    assert len({first.api_key, second.api_key, third.api_key}) == 3
    assert (await identity.authenticate(db, third.api_key, None)).username == "owner"
