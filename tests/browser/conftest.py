"""The API with the pages on it, and simulators. A test that asks for `worker` has one; `scene` is advanced by hand."""

from typing import TYPE_CHECKING

import pytest

from core.settings import Settings
from tests.plugins.api import Api
from tests.plugins.author import with_simulators
from tests.plugins.browser import Site
from tests.plugins.scene import Scene
from tests.plugins.tenant import scene_of
from tests.plugins.web import Room

if TYPE_CHECKING:
    from services.runtime import Runtime


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    return with_simulators(settings, simulator_url)


@pytest.fixture
def api(room: Room) -> Api:
    return room


@pytest.fixture
async def scene(site: Site, runtime: "Runtime") -> Scene:
    """Of `site.user("ada")`, who is there to be signed in."""
    return scene_of(await site.user("ada"), runtime)
