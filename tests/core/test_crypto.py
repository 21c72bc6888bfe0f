"""Ciphertext bound to its place, keys that rotate, and an index that outlives them."""

import stat
from pathlib import Path

import pytest

from core.crypto import (
    Keyring,
    Undecryptable,
    generate_key,
    hash_password,
    hash_token,
    load_or_create,
    new_api_key,
    new_token,
    outdated,
    verify_password,
)
from core.errors import ConfigurationError
from core.settings import Deployment, Settings

OLD, NEW = generate_key("1"), generate_key("2")
PLACE = "users.email:7"


def test_what_is_encrypted_can_be_read_again_and_never_looks_the_same() -> None:
    keys = Keyring.of([OLD])
    once, twice = keys.encrypt(b"ada@example.com", PLACE), keys.encrypt(b"ada@example.com", PLACE)
    assert once != twice
    assert b"ada" not in once
    assert keys.decrypt(once, PLACE) == keys.decrypt(twice, PLACE) == b"ada@example.com"


@pytest.mark.parametrize("place", ["users.email:8", "invitations.email:7", ""])
def test_a_ciphertext_is_worth_nothing_elsewhere(place: str) -> None:
    keys = Keyring.of([OLD])
    with pytest.raises(Undecryptable):
        keys.decrypt(keys.encrypt(b"secret", PLACE), place)


@pytest.mark.parametrize("position", [0, 1, 2, 3, 10, -1])
def test_an_altered_ciphertext_is_refused(position: int) -> None:
    keys = Keyring.of([OLD])
    sealed = bytearray(keys.encrypt(b"secret", PLACE))
    sealed[position] ^= 1
    with pytest.raises(Undecryptable):
        keys.decrypt(bytes(sealed), PLACE)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"plain text", b"\x01\x011"])
def test_what_is_no_ciphertext_is_refused(sealed: bytes) -> None:
    with pytest.raises(Undecryptable):
        Keyring.of([OLD]).decrypt(sealed, PLACE)


def test_the_newest_key_encrypts_and_any_decrypts() -> None:
    before, during, after = Keyring.of([OLD]), Keyring.of([NEW, OLD]), Keyring.of([NEW])
    sealed = before.encrypt(b"secret", PLACE)
    assert during.decrypt(sealed, PLACE) == b"secret"
    with pytest.raises(Undecryptable, match="key 1 is not among"):
        after.decrypt(sealed, PLACE)
    again = during.reencrypt(sealed, PLACE)
    assert after.decrypt(again, PLACE) == b"secret"
    assert during.reencrypt(again, PLACE) == again


def test_a_signature_holds_for_its_words_its_purpose_and_its_keys() -> None:
    before, during, after = Keyring.of([OLD]), Keyring.of([NEW, OLD]), Keyring.of([NEW])
    signature = before.sign(b"words", "links")
    assert before.signed(b"words", signature, "links")
    assert during.signed(b"words", signature, "links")
    assert not after.signed(b"words", signature, "links")
    assert not before.signed(b"other", signature, "links")
    assert not before.signed(b"words", signature, "letters")
    assert not before.signed(b"words", signature[:-1], "links")
    assert after.signed(b"words", during.sign(b"words", "links"), "links")


def test_an_address_is_found_whatever_its_case_and_through_rotations() -> None:
    retired = [NEW, "index:" + OLD.removeprefix("1:")]
    index = Keyring.of([OLD]).email_index("Ada@Example.com ")
    for entries in ([OLD], [NEW, OLD], retired):
        assert Keyring.of(entries).email_index("ada@example.COM") == index
    assert Keyring.of([NEW]).email_index("ada@example.com") != index
    assert Keyring.of([OLD]).email_index("eve@example.com") != index
    assert Keyring.of(retired).newest == "2"


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([], "is not set"),
        (["index:" + OLD.removeprefix("1:")], "is not set"),
        (["no-colon"], "no base64|32 are needed"),
        (["1:%%%"], "no base64"),
        (["1:c2hvcnQ="], "5 bytes"),
        (["a b:" + OLD.removeprefix("1:")], "version"),
        ([OLD, OLD], "twice"),
    ],
)
def test_bad_keys_say_what_is_wrong_and_not_what_they_are(entries: list[str], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as refused:
        Keyring.of(entries)
    assert "PROOFROOM_SECRET_KEYS" in refused.value.detail
    assert "keys generate" in (refused.value.remedy or "")
    assert not any(entry.partition(":")[2] in refused.value.detail for entry in entries if ":" in entry)


def test_keys_do_not_show_when_printed() -> None:
    assert OLD.removeprefix("1:") not in repr(Keyring.of([OLD]))


def test_an_embedded_service_makes_its_keys_once_and_for_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made = load_or_create(folder)
    assert load_or_create(folder) == made
    assert [path.name for path in folder.iterdir()] == ["secret-keys"]
    assert stat.S_IMODE((folder / "secret-keys").stat().st_mode) == 0o600
    embedded = Settings(deployment=Deployment.EMBEDDED, data_dir=folder)
    assert Keyring.from_settings(embedded).newest == "1"
    with pytest.raises(ConfigurationError, match="is not set"):
        Keyring.from_settings(Settings(data_dir=folder))


async def test_passwords() -> None:
    hashed = await hash_password("correct horse battery")
    assert hashed.startswith("$argon2id$")
    assert not outdated(hashed)
    assert await verify_password(hashed, "correct horse battery")
    assert not await verify_password(hashed, "wrong")
    assert not await verify_password(None, "correct horse battery")
    assert not await verify_password("not a hash", "correct horse battery")


def test_tokens_are_long_and_never_the_same() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert new_api_key().startswith("prk_")
    assert len(new_api_key()) >= 47
    assert len(hash_token("a")) == 32
    assert hash_token("a") != hash_token("b")
