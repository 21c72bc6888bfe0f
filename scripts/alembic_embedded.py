"""Alembic on an empty database of its own, first brought up to date: `check`, or `revision MESSAGE`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pydantic import SecretStr

from core.embedded import Cluster
from core.settings import Deployment, Settings
from migrations.run import upgrade

_ROOT = Path(__file__).parent.parent
_TOOLS = Path(sys.executable).parent
"""Alembic formats what it writes with the ruff that is here."""


def main(command: str, *message: str) -> int:
    arguments = ["--autogenerate", "-m", " ".join(message)] if command == "revision" else []
    with tempfile.TemporaryDirectory(prefix="proofroom-alembic-") as folder:
        cluster = Cluster(Path(folder), tests=True)
        try:
            cluster.start()
            url = cluster.url()
            upgrade(Settings(deployment=Deployment.EMBEDDED, database_url=SecretStr(url)))
            return subprocess.run(
                [sys.executable, "-m", "alembic", command, *arguments],
                cwd=_ROOT,
                env={**os.environ, "PROOFROOM_DATABASE_URL": url, "PATH": f"{_TOOLS}:{os.environ['PATH']}"},
                check=False,
            ).returncode
        finally:
            cluster.stop()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
