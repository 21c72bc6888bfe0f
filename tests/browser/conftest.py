"""The API with the pages on it, and simulators. A test that asks for `worker` has one; `scene` is advanced by hand."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from core.settings import Settings
from tests.plugins.api import Api
from tests.plugins.author import with_simulators
from tests.plugins.browser import Site
from tests.plugins.scene import Scene
from tests.plugins.tenant import scene_of

if TYPE_CHECKING:
    from core.db import Database
    from services.runtime import Runtime


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    return with_simulators(settings, simulator_url)


@pytest.fixture
async def api(settings: Settings, db: "Database") -> AsyncIterator[Api]:
    from web.app import create_app  # slow to load, and xdist's controller does not need it

    async with Api(create_app(settings, database=db)) as made:
        yield made


@pytest.fixture
async def scene(site: Site, runtime: "Runtime") -> Scene:
    """Of `site.user("ada")`, who is there to be signed in."""
    return scene_of(await site.user("ada"), runtime)
