"""A new secret key, and everything read with it alone afterwards; personal data is ciphertext in the tables."""

import pytest
from sqlalchemy import LargeBinary, Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core.crypto import Keyring, generate_key
from core.db import Database
from models import ConnectedAccount, Invitation, MailingList, Subscriber, User, UserSession, Workspace
from models.base import Encrypted
from models.security import tables
from services.operations.rotation import rotate

pytestmark = pytest.mark.database

OLD, NEW = generate_key("1"), generate_key("2")
EMAIL, SECRET, ADDRESS = "ada@example.com", "a-token-of-linkedin", "203.0.113.7"


async def store(session: AsyncSession, keys: Keyring) -> User:
    user, workspace, account = uuid7(), uuid7(), uuid7()
    invitation, signed_in, mailing_list, subscriber = uuid7(), uuid7(), uuid7(), uuid7()
    made = User(
        id=user,
        username="ada",
        email=keys.encrypt(EMAIL.encode(), f"users.email:{user}"),
        email_index=keys.email_index(EMAIL),
    )
    session.add_all([made, Workspace(id=workspace, name="Ours", slug="ours")])
    await session.flush()
    session.add_all(
        [
            UserSession(
                id=signed_in,
                user_id=user,
                token_hash=b"hash",
                ip=keys.encrypt(ADDRESS.encode(), f"user_sessions.ip:{signed_in}"),
                expires_at=func.now(),
            ),
            Invitation(
                id=invitation,
                workspace_id=workspace,
                email=keys.encrypt(EMAIL.encode(), f"invitations.email:{invitation}"),
                email_index=keys.email_index(EMAIL),
                role="viewer",
                token_hash=b"hash",
                expires_at=func.now(),
            ),
            MailingList(id=mailing_list, workspace_id=workspace, name="Readers"),
            ConnectedAccount(
                id=account,
                workspace_id=workspace,
                platform="linkedin",
                platform_user_id="7",
                username="ada",
                credentials=keys.encrypt(SECRET.encode(), f"connected_accounts.credentials:{account}"),
            ),
        ]
    )
    await session.flush()
    sealed = keys.encrypt(EMAIL.encode(), f"subscribers.email:{subscriber}")
    listed = {"workspace_id": workspace, "list_id": mailing_list}
    session.add(Subscriber(id=subscriber, email=sealed, email_index=keys.email_index(EMAIL), **listed))
    return made


async def test_personal_data_is_ciphertext_in_every_table(db: Database) -> None:
    async with db.service() as session:
        await store(session, Keyring.of([OLD]))
        await session.flush()
        for table in tables():
            for row in await session.scalars(select(cast(table.table_valued(), Text))):
                for secret in (EMAIL, SECRET, ADDRESS):
                    assert secret not in row, table.name
                    assert secret.encode().hex() not in row, table.name


async def test_after_a_rotation_the_old_key_is_not_needed(db: Database) -> None:
    retired = [NEW, "index:" + OLD.removeprefix("1:")]
    async with db.service() as session:
        await store(session, Keyring.of([OLD]))
    assert await rotate(db, Keyring.of([NEW, OLD])) == 5
    assert await rotate(db, Keyring.of([NEW, OLD])) == 0
    keys = Keyring.of(retired)
    async with db.service() as session:
        user = (
            await session.execute(select(User).where(User.email_index == keys.email_index(EMAIL)))
        ).scalar_one()
        assert user.email is not None
        assert keys.decrypt(user.email, f"users.email:{user.id}").decode() == EMAIL
        account = (await session.execute(select(ConnectedAccount))).scalar_one()
        assert account.credentials is not None
        context = f"connected_accounts.credentials:{account.id}"
        assert keys.decrypt(account.credentials, context).decode() == SECRET


async def test_a_new_index_key_finds_addresses_again(db: Database) -> None:
    async with db.service() as session:
        await store(session, Keyring.of([OLD]))
    keys = Keyring.of([NEW, OLD, generate_key("index")])
    assert await rotate(db, keys) == 5
    async with db.service() as session:
        for model in (User, Invitation, Subscriber):
            assert await session.scalar(select(model.email_index)) == keys.email_index(EMAIL)


def test_every_column_of_personal_data_is_of_the_encrypted_type() -> None:
    """Whoever adds such a column meets this list."""
    found = {
        str(column) for table in tables() for column in table.columns if isinstance(column.type, Encrypted)
    }
    assert found == {
        "users.email",
        "user_sessions.ip",
        "invitations.email",
        "connected_accounts.credentials",
        "subscribers.email",
        "idempotency_keys.response",
        "webhooks.secret",
        "webhooks.previous_secret",
    }
    plain = {
        str(column)
        for table in tables()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and not isinstance(column.type, Encrypted)
    }
    assert all(name.endswith(("_hash", "_index", ".sha256")) for name in plain), plain
