from typing import Any

import pytest

from api.app import create_app
from core.settings import Settings
from tests.plugins.author import with_simulators


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """With simulators, for those tests that have a worker, or a workspace with accounts."""
    if not {"worker", "tenant"} & set(request.fixturenames):
        return settings
    return with_simulators(settings, request.getfixturevalue("simulator_url"))


@pytest.fixture(scope="session")
def document(secret_key: str) -> dict[str, Any]:
    """The OpenAPI document, to be read only: it takes 200 ms to make and is the same for every test."""
    return create_app(Settings(secret_keys=[secret_key])).openapi()
