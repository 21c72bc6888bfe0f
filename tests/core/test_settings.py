"""Settings say what is wrong by the name that was set, and are documented, each of them."""

from pathlib import Path

import pytest
from pydantic import HttpUrl

from core.errors import ConfigurationError
from core.settings import Deployment, Registration, Settings, load


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DATABASE_POOL_SIZE", "0", "DATABASE_POOL_SIZE: Input should be greater than or equal to 1"),
        ("PROOFROOM_PORT", "http", "PROOFROOM_PORT: Input should be a valid integer"),
        (
            "PROOFROOM_REGISTRATION",
            "maybe",
            "PROOFROOM_REGISTRATION: Input should be 'open', 'invite' or 'closed'",
        ),
        ("PROOFROOM_LOG_LEVEL", "loud", "PROOFROOM_LOG_LEVEL"),
        ("PROOFROOM_MODEL_PRICES", "{cheap}", "PROOFROOM_MODEL_PRICES"),
        (
            "PROOFROOM_PUBLISH_DEADLINE_SECONDS",
            "30",
            "publish_deadline_seconds must be smaller than lease_seconds",
        ),
        ("PROOFROOM_FAULTS", "after_lunch:0.1", "PROOFROOM_FAULTS: Input should be 'before_commit'"),
        ("PROOFROOM_FAULTS", "after_commit:0.1", "a deployed service takes none"),
    ],
)
def test_a_bad_value_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        load()
    assert says in caught.value.detail


def test_the_names_that_people_know_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/one")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("PROOFROOM_ALLOW_PRIVATE", "127.0.0.1:80, blog.internal:443")
    settings = load()
    assert settings.database_url.get_secret_value() == "postgresql://db/one"
    assert settings.allow_private == ["127.0.0.1:80", "blog.internal:443"]
    assert settings.model_backed
    assert "sk-secret" not in repr(settings)


def test_a_deployed_service_needs_a_secret_key_and_a_model() -> None:
    with pytest.raises(ConfigurationError, match="PROOFROOM_SECRET_KEYS"):
        Settings(deployment=Deployment.DEPLOYED).require_ready()
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        Settings(deployment=Deployment.DEPLOYED, secret_keys=["1:x"]).require_ready()
    Settings(deployment=Deployment.DEPLOYED, secret_keys=["1:x"], offline=True).require_ready()
    Settings(deployment=Deployment.EMBEDDED).require_ready()


def test_registration_is_open_on_loopback_only() -> None:
    assert Settings(host="127.0.0.1").open_registration is Registration.OPEN
    assert Settings(host="0.0.0.0").open_registration is Registration.INVITE
    behind_a_proxy = Settings(host="127.0.0.1", public_url=HttpUrl("https://proofroom.example.com"))
    assert behind_a_proxy.open_registration is Registration.INVITE
    local = Settings(host="::1", public_url=HttpUrl("http://[::1]:8750"))
    assert local.open_registration is Registration.OPEN
    assert Settings(host="0.0.0.0", registration=Registration.CLOSED).open_registration is Registration.CLOSED


def test_every_setting_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    missing = [name for name in Settings.model_fields if f"PROOFROOM_{name.upper()}" not in page]
    assert missing == []
