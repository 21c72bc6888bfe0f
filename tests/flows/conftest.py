import pytest

from core.settings import Settings
from tests.plugins.author import with_simulators


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    return with_simulators(settings, simulator_url)
