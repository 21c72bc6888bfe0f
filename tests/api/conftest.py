import pytest

from core.settings import Settings
from tests.plugins.author import with_simulators


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """With simulators, for those tests that have a worker, or a workspace with accounts."""
    if not {"worker", "tenant"} & set(request.fixturenames):
        return settings
    return with_simulators(settings, request.getfixturevalue("simulator_url"))
