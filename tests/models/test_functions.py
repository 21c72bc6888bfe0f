"""What is answered before a workspace is known, and nothing beyond it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError
from uuid_utils.compat import uuid7

from core.db import APP, SERVICE
from models import ApiKey, UserSession
from models.functions import FUNCTIONS
from services.operations.schema_proofs import enter
from tests.plugins.rows import TwoWorkspaces

pytestmark = pytest.mark.database

_SESSION = text("SELECT * FROM authenticate_session(:hash, :workspace)")
_KEY = text("SELECT * FROM authenticate_key(:hash, :workspace)")
TOMORROW = func.now() + timedelta(days=1)


def ask(connection: Connection, statement: Any, token: bytes, workspace: UUID | None = None) -> Any:
    enter(connection, APP)
    return connection.execute(statement, {"hash": token, "workspace": workspace}).one_or_none()


def change(connection: Connection, model: Any, row: dict[str, Any], **values: Any) -> None:
    enter(connection, SERVICE)
    connection.execute(update(model).where(model.id == row["id"]).values(values))


def test_only_the_named_role_may_call_them(connection: Connection, two: TwoWorkspaces) -> None:
    other = {APP: SERVICE, SERVICE: APP}
    own = {signature for signature, role in FUNCTIONS.items() if role == APP}
    for signature, role in FUNCTIONS.items():
        may = select(func.has_function_privilege(role, signature, "EXECUTE"))
        assert connection.scalar(may), signature
        if signature not in own:  # proofroom_service owns the others
            may = select(func.has_function_privilege(other[role], signature, "EXECUTE"))
            assert not connection.scalar(may), signature
        assert not connection.scalar(
            text("SELECT EXISTS (SELECT FROM aclexplode((SELECT proacl FROM pg_proc WHERE oid = to_regprocedure(:s)))"
                 " WHERE grantee = 0)"),
            {"s": signature},
        )  # fmt: skip


def test_a_session_stands_for_its_user_in_a_workspace(connection: Connection, two: TwoWorkspaces) -> None:
    token = two.mine["user_sessions"]["token_hash"]
    change(connection, UserSession, two.mine["user_sessions"], expires_at=TOMORROW)
    found = ask(connection, _SESSION, token)
    assert (found.user_id, found.username) == (two.user_id, two.mine["users"]["username"])
    assert (found.workspace_id, found.role, found.scopes) == (two.workspace_id, "owner", None)
    assert found.credential_id == two.mine["user_sessions"]["id"]
    elsewhere = ask(connection, _SESSION, token, two.theirs["workspaces"]["id"])
    assert (elsewhere.user_id, elsewhere.workspace_id, elsewhere.role) == (two.user_id, None, None)
    assert ask(connection, _SESSION, b"nobody's") is None


@pytest.mark.parametrize(
    "values",
    [
        {"revoked_at": func.now()},
        {"expires_at": func.now() - timedelta(seconds=1)},
        {"kind": "link"},
    ],
)
def test_a_session_that_is_over_stands_for_nobody(
    connection: Connection, two: TwoWorkspaces, values: dict[str, Any]
) -> None:
    row = two.mine["user_sessions"]
    change(connection, UserSession, row, **({"expires_at": TOMORROW} | values))
    assert ask(connection, _SESSION, row["token_hash"]) is None


def test_a_session_is_touched_once_a_minute(connection: Connection, two: TwoWorkspaces) -> None:
    row = two.mine["user_sessions"]
    seen = select(UserSession.last_seen_at).where(UserSession.id == row["id"])
    for before, touched in ((timedelta(seconds=30), False), (timedelta(seconds=90), True)):
        change(connection, UserSession, row, last_seen_at=func.now() - before, expires_at=TOMORROW)
        ask(connection, _SESSION, row["token_hash"])
        enter(connection, SERVICE)
        assert connection.scalar(select(seen.scalar_subquery() == func.now())) is touched


def test_a_key_stands_for_its_user_in_its_workspace(connection: Connection, two: TwoWorkspaces) -> None:
    row = two.mine["api_keys"]
    change(connection, ApiKey, row, scopes=["read"], expires_at=None)
    found = ask(connection, _KEY, row["key_hash"])
    assert (found.user_id, found.workspace_id, found.scopes) == (two.user_id, two.workspace_id, ["read"])
    assert ask(connection, _KEY, row["key_hash"], two.theirs["workspaces"]["id"]).workspace_id is None
    enter(connection, SERVICE)
    connection.execute(text("DELETE FROM workspace_members WHERE user_id = :id"), {"id": two.user_id})
    assert ask(connection, _KEY, row["key_hash"]).workspace_id is None
    change(connection, ApiKey, row, revoked_at=func.now())
    assert ask(connection, _KEY, row["key_hash"]) is None


def register(connection: Connection, username: str, email_index: bytes) -> tuple[UUID, UUID]:
    user_id, workspace_id = uuid7(), uuid7()
    enter(connection, APP)
    connection.execute(
        text("""SELECT register_user(:user_id, :username, '\\x00', :email_index, 'hash', NULL, 'Ada', :workspace_id,
                'Ada''s workspace', :slug)"""),
        {
            "user_id": user_id,
            "username": username,
            "email_index": email_index,
            "workspace_id": workspace_id,
            "slug": f"{username}-1",
        },
    )
    return user_id, workspace_id


def test_registration_makes_all_that_a_user_needs(connection: Connection) -> None:
    user_id, workspace_id = register(connection, "Ada", b"a")
    find = text("SELECT * FROM find_sign_in(:username, :email_index)")
    for username, email_index in (("ada", None), (None, b"a"), ("ADA", b"a")):
        found = connection.execute(find, {"username": username, "email_index": email_index}).one()
        assert (found.user_id, found.workspace_id, found.hashed_password) == (user_id, workspace_id, "hash")
    for username, email_index in (("ada", b"b"), (None, None), ("eve", None)):
        assert connection.execute(find, {"username": username, "email_index": email_index}).all() == []
    enter(connection, APP, workspace_id, user_id)
    people = connection.execute(text("SELECT username, role FROM workspace_people()")).all()
    assert [tuple(person) for person in people] == [("Ada", "owner")]
    assert connection.scalar(text("SELECT count(*) FROM profiles")) == 1
    for username, email_index, constraint in (
        ("aDA", b"c", "uq_users_username"),
        ("eve", b"a", "uq_users_email_index"),
    ):
        with pytest.raises(IntegrityError, match=constraint), connection.begin_nested():
            register(connection, username, email_index)


def test_a_user_makes_more_workspaces_and_lists_them_all(connection: Connection) -> None:
    user_id, first = register(connection, "ada", b"a")
    register(connection, "eve", b"e")
    enter(connection, APP, first, user_id)
    second = uuid7()
    connection.execute(text("SELECT create_workspace(:id, 'Second', 'second')"), {"id": second})
    assert set(connection.scalars(text("SELECT id FROM workspaces"))) == {first, second}
    assert connection.scalar(text("SELECT current_setting('proofroom.workspace_id')")) == str(first)
    enter(connection, APP)
    with pytest.raises(ProgrammingError, match="made by a user"), connection.begin_nested():
        connection.execute(text("SELECT create_workspace(gen_random_uuid(), 'x', 'x')"))


def test_an_invitation_is_taken_once_and_by_its_address_alone(
    connection: Connection, two: TwoWorkspaces
) -> None:
    stranger, _ = register(connection, "eve", b"e")
    invited, home = register(connection, "ada", b"a")
    token = two.mine["invitations"]["token_hash"]
    enter(connection, SERVICE)
    connection.execute(
        text(
            "UPDATE invitations SET email_index = 'a', role = 'editor', expires_at = now() + interval '1 day'"
        )
    )
    accept = text("SELECT * FROM accept_invitation(:token, :user)")
    enter(connection, APP)
    shown = connection.execute(text("SELECT * FROM find_invitation(:token)"), {"token": token}).one()
    assert (shown.workspace_id, shown.role) == (two.workspace_id, "editor")
    assert connection.execute(accept, {"token": token, "user": stranger}).all() == []
    enter(connection, APP, home, invited)
    accepted = connection.execute(accept, {"token": token, "user": invited}).one()
    assert (accepted.workspace_id, accepted.role) == (two.workspace_id, "editor")
    assert connection.scalar(text("SELECT current_setting('proofroom.workspace_id')")) == str(home)
    assert connection.execute(accept, {"token": token, "user": invited}).all() == []
    assert connection.execute(text("SELECT * FROM find_invitation(:token)"), {"token": token}).all() == []


def test_a_sign_in_link_is_good_once(connection: Connection, two: TwoWorkspaces) -> None:
    row = two.mine["user_sessions"]
    change(connection, UserSession, row, kind="link", expires_at=func.now() + timedelta(minutes=5))
    enter(connection, APP)
    take = text("SELECT user_id, workspace_id FROM take_link(:token)")
    assert connection.execute(take, {"token": row["token_hash"]}).one().user_id == two.user_id
    assert connection.execute(take, {"token": row["token_hash"]}).all() == []
