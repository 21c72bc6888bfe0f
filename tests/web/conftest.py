"""The pages without a browser, and Ada, who has a workspace with simulated accounts."""

from typing import TYPE_CHECKING

import pytest

from core.settings import Settings
from tests.plugins.scene import Scene
from tests.plugins.tenant import scene_of
from tests.plugins.web import Room, Visitor

if TYPE_CHECKING:
    from services.runtime import Runtime


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    return settings.model_copy(update={"simulator_url": simulator_url})


@pytest.fixture
async def api(room: Room) -> Room:
    return room


@pytest.fixture
async def ada(room: Room) -> Visitor:
    return await room.person("ada")


@pytest.fixture
async def scene(ada: Visitor, runtime: "Runtime") -> Scene:
    """Ada's."""
    return scene_of(ada.api, runtime)
