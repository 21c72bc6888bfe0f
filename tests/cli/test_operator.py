"""`proofroom users` and `proofroom keys`, on the database itself."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from cli import data_directory, keys, users
from core.crypto import Keyring, load_or_create
from core.db import Database
from core.errors import ConfigurationError, Invalid, NotFound, Unauthenticated
from core.settings import Deployment, Settings
from services.access import identity, sessions
from services.access.sessions import WrongCredentials

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("PROOFROOM_SECRET_KEYS", ",".join(settings.secret_keys))

    def run(app: Typer, *arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(app, [*arguments], input=stdin)

    return run


def with_db(settings: Settings, work: Callable[[Database, Keyring], Any]) -> Any:
    async def go() -> Any:
        db = Database(settings)
        try:
            return await work(db, Keyring.from_settings(settings))
        finally:
            await db.dispose()

    return asyncio.run(go())


def test_somebody_is_added_signs_in_and_gets_a_new_password(run: Run, settings: Settings) -> None:
    added = run(users.app, "add", "ada", "ada@example.com", "--json")
    assert added.exit_code == 0, added.output
    link = json.loads(added.stdout)["url"].rpartition("/")[2]
    token = with_db(settings, lambda db, ring: sessions.redeem(db, ring, settings, link, sessions.Device()))
    principal = with_db(settings, lambda db, _: identity.authenticate(db, token.secret, None))
    assert principal.username == "ada"

    assert run(users.app, "reset-password", "ADA", stdin="a new password\n").exit_code == 0
    with pytest.raises(Unauthenticated):
        with_db(settings, lambda db, _: identity.authenticate(db, token.secret, None))

    def sign_in(password: str) -> Any:
        return with_db(
            settings,
            lambda db, ring: sessions.recognise(db, ring, username="ada", email=None, password=password),
        )

    assert sign_in("a new password") == principal.user_id
    with pytest.raises(WrongCredentials):
        sign_in("another password")

    listed = json.loads(run(users.app, "list", "--json").stdout)
    assert [(user["username"], user["email"]) for user in listed] == [("ada", "ada@example.com")]
    assert "ada@example.com" in run(users.app, "list").stdout


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["link", "nobody"], NotFound),
        (["reset-password", "nobody"], NotFound),
        (["add", "a b", "ada@example.com"], Invalid),
        (["add", "ada", "nowhere"], Invalid),
    ],
)
def test_what_cannot_be_done_is_said(run: Run, arguments: list[str], kind: type[Exception]) -> None:
    assert isinstance(run(users.app, *arguments, stdin="long enough\n").exception, kind)


def test_a_short_password_is_refused(run: Run) -> None:
    run(users.app, "add", "ada", "ada@example.com")
    assert isinstance(run(users.app, "reset-password", "ada", stdin="short\n").exception, Invalid)


def test_api_keys_are_made_listed_and_revoked(run: Run, settings: Settings) -> None:
    run(users.app, "add", "ada", "ada@example.com")
    made = run(keys.app, "create", "ada", "--name", "bot", "--scope", "read", "--days", "7", "--json")
    key = json.loads(made.stdout)
    principal = with_db(settings, lambda db, _: identity.authenticate(db, key["key"], None))
    assert (principal.username, principal.scopes) == ("ada", {"read"})
    listed = json.loads(run(keys.app, "list", "ada", "--json").stdout)
    assert [(item["id"], item["name"], item["revoked_at"]) for item in listed] == [(key["id"], "bot", None)]
    assert key["key"] not in run(keys.app, "list", "ada").stdout
    assert run(keys.app, "revoke", key["id"]).exit_code == 0
    with pytest.raises(Unauthenticated):
        with_db(settings, lambda db, _: identity.authenticate(db, key["key"], None))


def test_secrets_are_encrypted_with_a_new_key(
    run: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(users.app, "add", "ada", "ada@example.com")
    entry = run(keys.app, "generate", "--version", "2").stdout.strip()
    version, _, encoded = entry.partition(":")
    assert (version, len(base64.b64decode(encoded))) == ("2", 32)

    index = f"index:{settings.secret_keys[0].partition(':')[2]}"
    monkeypatch.setenv("PROOFROOM_SECRET_KEYS", ",".join([entry, *settings.secret_keys]))
    rotated = run(keys.app, "rotate").stdout
    assert "1 values" in rotated
    assert "write `index` in place of its version" in rotated
    monkeypatch.setenv("PROOFROOM_SECRET_KEYS", ",".join([entry, index]))
    assert run(keys.app, "rotate").stdout == "0 values were encrypted anew.\n"
    assert json.loads(run(users.app, "list", "--json").stdout)[0]["email"] == "ada@example.com"


def test_a_new_key_is_put_first_in_the_data_directory(run: Run, tmp_path: Path) -> None:
    before = load_or_create(tmp_path)
    assert run(keys.app, "generate", "--add", "--version", "2", "--data-dir", str(tmp_path)).exit_code == 0
    after = load_or_create(tmp_path)
    assert after[1:] == before
    assert after[0].startswith("2:")
    assert (tmp_path / "secret-keys").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret-keys"]


def test_commands_find_the_database_of_a_running_up(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_or_create(tmp_path)
    url = settings.database_url.get_secret_value()
    data_directory.write(tmp_path, "http://127.0.0.1:8750", None, url)
    monkeypatch.setenv("PROOFROOM_DATA_DIR", str(tmp_path))
    added = CliRunner().invoke(users.app, ["add", "ada", "ada@example.com"])
    assert "http://127.0.0.1:8750/auth/link/" in added.stdout


def test_an_up_on_another_server_lends_its_keys_to_who_names_the_server(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_or_create(tmp_path)
    data_directory.write(tmp_path, "http://127.0.0.1:8750", None)
    add = ["add", "ada", "ada@example.com", "--data-dir", str(tmp_path)]
    unnamed = CliRunner().invoke(users.app, add).exception
    assert isinstance(unnamed, ConfigurationError)
    assert "DATABASE_URL" in str(unnamed.remedy)
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    assert "http://127.0.0.1:8750/auth/link/" in CliRunner().invoke(users.app, add).stdout


def test_without_keys_a_deployed_service_is_not_worked_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROOFROOM_SECRET_KEYS")
    monkeypatch.setenv("PROOFROOM_DEPLOYMENT", Deployment.DEPLOYED)
    assert isinstance(run(users.app, "list").exception, ConfigurationError)
