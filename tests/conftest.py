"""What every test may ask for. Nothing here reads the developer's own environment."""

import base64
import os
import signal
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from pydantic import SecretStr

from core import collector
from core.settings import Deployment, Settings

if TYPE_CHECKING:
    from core.db import Database

pytest_plugins = [
    f"tests.plugins.{file.stem}" for file in sorted(Path(__file__).parent.joinpath("plugins").glob("*.py"))
]

_OURS = ("PROOFROOM_", "OPENAI_", "DATABASE_", "OTEL_", "LANGSMITH_", "LANGCHAIN_")

for _name in [name for name in os.environ if name.startswith(_OURS)]:
    del os.environ[_name]


collector.start()  # the suite takes a tenth less


# As the service logs: structlog's own default draws every traceback with its locals, which takes seconds.
structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
)


def pytest_configure() -> None:
    """A shell ignores Ctrl-C for what runs in the background, and whoever is started there does, too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Two more than there are processors: half of the suite's time is waiting, for processes, leases and answers."""
    return (yield) + 2


_LONGEST = ("tests/flows/test_chaos.py", "tests/cli/test_up.py", "tests/processes/", "tests/cli/test_demo.py")
"""Whole services in processes of their own, killed and started again."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: one that began last would have all but one processor wait for it."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONGEST))


def pytest_collection_finish() -> None:
    collector.settle()


@pytest.fixture(scope="session")
def secret_key() -> str:
    return f"1:{base64.b64encode(bytes(range(32))).decode()}"


@pytest.fixture
def settings(database_url: str, secret_key: str, tmp_path: Path) -> Settings:
    """An embedded service's, on this test's own database."""
    return Settings(
        deployment=Deployment.EMBEDDED,
        data_dir=tmp_path,
        database_url=SecretStr(database_url),
        database_pool_size=5,
        secret_keys=[secret_key],
    )


@pytest.fixture
async def db(settings: Settings) -> AsyncIterator["Database"]:
    from core.db import Database  # SQLAlchemy is slow to load, and most tests do not need it

    database = Database(settings)
    yield database
    await database.dispose()
