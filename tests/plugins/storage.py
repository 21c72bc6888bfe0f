"""Object stores: a directory, and a bucket of a loopback S3 server."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from core.settings import Settings

if TYPE_CHECKING:
    from core.storage import Storage

_BUCKET = "proofroom-tests"


@pytest.fixture(scope="session")
def _bucket() -> Iterator[str]:
    """A bucket's address, with the variables that lead to it."""
    from moto.server import ThreadedMotoServer  # slow to load, and few tests need it

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "AWS_ENDPOINT_URL": address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }.items():
            environment.setenv(name, value)
        assert httpx.put(f"{address}/{_BUCKET}").is_success
        yield f"s3://{_BUCKET}"
    server.stop()


@pytest.fixture(params=["directory", "bucket"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings that keep objects in an empty place of this test's own."""
    if request.param == "directory":
        return Settings(data_dir=tmp_path)
    bucket = request.getfixturevalue("_bucket")
    return Settings(data_dir=tmp_path, storage_url=f"{bucket}/{tmp_path.name}")


@pytest.fixture
def storage(stored: Settings) -> "Storage":
    from core.storage import of

    return of(stored)
