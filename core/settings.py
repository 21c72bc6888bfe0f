"""Everything that can be configured, read from the environment once, when a process starts."""

import json
import os
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import ConfigurationError


class Deployment(StrEnum):
    """`embedded`: started by `proofroom up` on one machine. `deployed`: everything else; it never simulates."""

    EMBEDDED = "embedded"
    DEPLOYED = "deployed"


class Registration(StrEnum):
    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


FaultPoint = Literal["before_commit", "after_commit", "before_call", "after_call"]
"""Around a graph's commit, after any commit, around a platform's call."""


class ModelPrice(BaseModel):
    """USD per million tokens."""

    input: Decimal = Field(ge=0)
    output: Decimal = Field(ge=0)


def _split(value: object) -> object:
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


def _pairs(value: object) -> object:
    """`name:value,name:value`; what is no pair is left for the type to refuse."""
    if not isinstance(value, str):
        return value
    pairs = [item.partition(":") for item in value.split(",") if item.strip()]
    return {name.strip(): number for name, _, number in pairs}


def _json(value: object) -> object:
    """In the validator, so that malformed JSON is reported as any other bad value."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON: {error}") from error


_LOOPBACK = {"127.0.0.1", "::1", "[::1]", "localhost"}
Probability = Annotated[float, Field(ge=0, le=1)]
CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(_split)]


def is_protected(url: str) -> bool:
    """Nobody on the way can read or change what is said there: https, or this machine itself."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


def _protected(value: str) -> str:
    if not is_protected(value):
        raise ValueError("give an https:// address (http:// on this machine only)")
    return value


Protected = Annotated[str, Field(max_length=255), AfterValidator(_protected)]
Origin = Annotated[str, Field(pattern=r"^(\*|https?://[^/\s]+)$")]


def _named(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class Settings(BaseSettings):
    """Names are `PROOFROOM_<FIELD>`; a few fields also take the name that people know, e.g. `DATABASE_URL`."""

    model_config = SettingsConfigDict(
        env_prefix="PROOFROOM_", extra="ignore", frozen=True, populate_by_name=True
    )

    deployment: Deployment = Deployment.DEPLOYED
    data_dir: Path = Path(".proofroom")

    database_url: SecretStr = Field(
        SecretStr("postgresql://localhost/proofroom"),
        validation_alias=_named("PROOFROOM_DATABASE_URL", "DATABASE_URL"),
    )
    database_pool_size: int = Field(
        20, ge=1, le=1000, validation_alias=_named("PROOFROOM_DATABASE_POOL_SIZE", "DATABASE_POOL_SIZE")
    )
    database_max_overflow: int = Field(
        10, ge=0, le=1000, validation_alias=_named("PROOFROOM_DATABASE_MAX_OVERFLOW", "DATABASE_MAX_OVERFLOW")
    )
    database_pool_recycle: int = Field(
        3600, ge=-1, validation_alias=_named("PROOFROOM_DATABASE_POOL_RECYCLE", "DATABASE_POOL_RECYCLE")
    )
    database_pool_pre_ping: bool = Field(
        False, validation_alias=_named("PROOFROOM_DATABASE_POOL_PRE_PING", "DATABASE_POOL_PRE_PING")
    )
    database_echo: bool = Field(False, validation_alias=_named("PROOFROOM_DATABASE_ECHO", "DATABASE_ECHO"))

    secret_keys: CommaSeparated = Field(default_factory=list)
    """`version:base64` of 32 bytes each, the newest first: encrypt with the first, decrypt with any."""

    host: str = "127.0.0.1"
    port: int = Field(8750, ge=0, le=65535)
    public_url: HttpUrl | None = None
    registration: Registration | None = None
    """None: open on loopback, invite where `host` or `public_url` is another."""
    allowed_origins: Annotated[list[Origin] | None, NoDecode, BeforeValidator(_split)] = None
    """Of pages elsewhere that may speak LangGraph's protocol. None: Studio's and those on loopback for what `proofroom up`
    serves there, none otherwise."""
    oidc_issuer: Protected | None = None
    """Whose tokens are taken, to the letter as their `iss` has it."""
    oidc_jwks_url: Protected | None = None
    """None: as the issuer's discovery document says."""
    oidc_audience: CommaSeparated = Field(default_factory=list)
    """A bearer token's `aud` must be one of these; none: any."""
    oidc_authorized_parties: CommaSeparated = Field(default_factory=list)
    """A bearer token's `azp`, where it has one, must be one of these; none: any."""
    oidc_client_id: str | None = None
    """The sign-in page offers the issuer when this is set."""
    oidc_client_secret: SecretStr | None = None
    session_hours: int = Field(24 * 14, ge=1)
    requests_per_minute: int = Field(6000, ge=1)
    body_limit: int = Field(4 * 1024 * 1024, ge=1024)
    storage_url: str | None = Field(None, pattern=r"^[a-z0-9]+://")
    """`s3://bucket/prefix` with the usual AWS_* variables; None: the directory `objects` in `data_dir`."""
    upload_limit: int = Field(2 * 1024**3, ge=1024)
    workspace_storage: int = Field(100 * 1024**3, ge=1024)
    """Bytes of all files of a workspace."""
    upload_keep_hours: int = Field(24, ge=1)
    """How long an upload that is not whole waits to be gone on with."""
    idempotency_hours: int = Field(24, ge=1)
    allow_private: CommaSeparated = Field(default_factory=list)
    """host:port pairs that the SSRF guard lets through although they are private."""

    openai_api_key: SecretStr | None = Field(
        None, validation_alias=_named("PROOFROOM_OPENAI_API_KEY", "OPENAI_API_KEY")
    )
    openai_base_url: str | None = Field(
        None, validation_alias=_named("PROOFROOM_OPENAI_BASE_URL", "OPENAI_BASE_URL")
    )
    offline: bool = False
    """Use the offline writer and critic although this is a deployed service."""
    writer_model: str = "gpt-5-mini"
    critic_model: str = "gpt-5-mini"
    model_timeout_seconds: float = Field(120, gt=0)
    model_window_words: int = Field(60_000, ge=1_000)
    """Of a source that a model reads at once: about 80,000 tokens of English. A longer one is condensed first."""
    model_retries: int = Field(2, ge=0, le=10)
    model_prices: Annotated[dict[str, ModelPrice], NoDecode, BeforeValidator(_json)] = Field(
        default_factory=lambda: {
            "gpt-5-mini": ModelPrice(input=Decimal("0.25"), output=Decimal("2.00")),
            "gpt-5": ModelPrice(input=Decimal("1.25"), output=Decimal("10.00")),
            "gpt-5-nano": ModelPrice(input=Decimal("0.05"), output=Decimal("0.40")),
        }
    )
    """USD per million tokens by model, JSON; an unknown price under a budget is refused."""

    transcription_base_url: str | None = None
    """None: the language model's, and then its key serves as well."""
    transcription_api_key: SecretStr | None = None
    transcription_model: str = Field("whisper-1", max_length=100)
    """`local:small` and the like: faster-whisper on this machine."""
    transcription_prices: Annotated[dict[str, Decimal], NoDecode, BeforeValidator(_json)] = Field(
        default_factory=lambda: {"whisper-1": Decimal("0.006")}
    )
    """USD per minute of a recording by model, JSON; an unknown price under a budget is refused."""
    transcription_timeout_seconds: float = Field(600, gt=0)
    """For ten minutes of a recording."""
    recording_hours: float = Field(4, gt=0, le=24)
    """The longest recording."""
    ffmpeg: Path | None = None
    """None: the one that comes with Proofroom."""

    simulator_url: str | None = None
    """Where the simulators listen; only `proofroom up` sets it."""
    simulator_mail_port: int | None = Field(None, ge=1, le=65535)
    """Where the simulated mail server does, on loopback."""
    linkedin_url: str = "https://api.linkedin.com"
    linkedin_version: str = Field("202606", pattern=r"^\d{6}$")
    x_url: str = "https://api.x.com"
    x_threads: bool = False
    """Texts for X may be threads. Off: nobody has tried since its terms of 2026 whether it takes a program's replies to
    itself."""
    instagram_url: str = "https://graph.instagram.com/v25.0"

    worker_concurrency: int = Field(16, ge=1, le=1000)
    lease_seconds: float = Field(10, ge=2)
    publish_deadline_seconds: float = Field(8, gt=0)
    poll_seconds: float = Field(2, gt=0)
    catch_up_gap_seconds: int = Field(60, ge=0)
    """Between two posts of one account that are late because the service was down."""
    hold_after_hours: int = Field(24, ge=1)
    """A scheduled post that is later than this waits for a person."""
    checkpoint_keep_hours: int = Field(24, ge=0)
    log_keep_days: int = Field(90, ge=1)

    faults: Annotated[dict[FaultPoint, Probability], NoDecode, BeforeValidator(_pairs)] = Field(
        default_factory=dict
    )
    """`point:probability,…` at which a process kills itself; refused but where everything is on one machine."""
    fault_seed: int | None = None

    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")
    log_format: str = Field("json", pattern="^(json|console)$")
    otlp_endpoint: str | None = Field(
        None, validation_alias=_named("PROOFROOM_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )

    @model_validator(mode="after")
    def _deadline_inside_lease(self) -> Self:
        if self.publish_deadline_seconds >= self.lease_seconds:
            raise ValueError("publish_deadline_seconds must be smaller than lease_seconds")
        return self

    @model_validator(mode="after")
    def _issuer_named(self) -> Self:
        of_issuer = (
            self.oidc_jwks_url,
            self.oidc_audience,
            self.oidc_authorized_parties,
            self.oidc_client_id,
            self.oidc_client_secret,
        )
        if any(of_issuer) and not self.oidc_issuer:
            raise ValueError("PROOFROOM_OIDC_… settings mean nothing without PROOFROOM_OIDC_ISSUER")
        return self

    @model_validator(mode="after")
    def _faults_at_home(self) -> Self:
        if self.faults and self.deployment is not Deployment.EMBEDDED:
            raise ValueError("faults are for the crash harness; a deployed service takes none")
        return self

    @property
    def model_backed(self) -> bool:
        return not self.offline and bool(self.openai_api_key or self.openai_base_url)

    @property
    def simulates(self) -> bool:
        return self.deployment is Deployment.EMBEDDED and self.simulator_url is not None

    @property
    def open_registration(self) -> Registration:
        if self.registration is not None:
            return self.registration
        return Registration.OPEN if self._on_loopback else Registration.INVITE

    @property
    def shares_protocol(self) -> bool:
        """Pages of some other origin may speak LangGraph's protocol."""
        if self.allowed_origins is not None:
            return bool(self.allowed_origins)
        return self.deployment is Deployment.EMBEDDED and self._on_loopback

    @property
    def _on_loopback(self) -> bool:
        """Behind a proxy the service itself listens on loopback: what counts is where people find it."""
        found_at = {self.host, self.public_url.host if self.public_url else self.host}
        return found_at <= _LOOPBACK

    def require_ready(self) -> None:
        """What a serving process cannot do without; raises ConfigurationError naming the variable."""
        if self.deployment is Deployment.EMBEDDED:
            return
        if not self.secret_keys:
            raise ConfigurationError(
                "PROOFROOM_SECRET_KEYS is not set: credentials and e-mail addresses are encrypted with it.",
                remedy="Make one with `proofroom keys generate` and give it to every process.",
            )
        if not (self.offline or self.model_backed):
            raise ConfigurationError(
                "No language model is configured: neither OPENAI_API_KEY nor OPENAI_BASE_URL is set.",
                remedy="Set one of them, or PROOFROOM_OFFLINE=true for the offline writer.",
            )


def load() -> Settings:
    """Raises ConfigurationError that names each bad variable and what it should be."""
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(f"{_variable(problem['loc'])}: {problem['msg']}" for problem in error.errors())
        raise ConfigurationError(f"{problems}.", remedy="See docs/configuration.md.") from error


@cache
def settings() -> Settings:
    """The process's settings; tests build their own `Settings` and pass them on instead."""
    return load()


def _variable(location: tuple[int | str, ...]) -> str:
    """The variable as it was set, where a setting has two names."""
    if not location:
        return "settings"
    name = str(location[0]).upper().removeprefix("PROOFROOM_")
    return name if name in os.environ and f"PROOFROOM_{name}" not in os.environ else f"PROOFROOM_{name}"
