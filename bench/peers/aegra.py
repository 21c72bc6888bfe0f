"""Aegra from PyPI in an environment of its own, outside the repository: it is nothing of ours."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

VERSION: Final = "0.11.0"
"""It asks for Python 3.12 and runs on 3.11 all the same. 0.6.0, which asks for no more, does not start with what pip brings
along today, and wants an extension of PostgreSQL that ours has not."""
_CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "proofroom" / "peers"
_REQUIRES: Final = "from importlib.metadata import requires; print(*requires('aegra-api') or (), sep='\\n')"


def install() -> Path:
    """Its Python, once it is there. Raises CalledProcessError."""
    folder = _CACHE / f"aegra-{VERSION}-py{sys.version_info.major}.{sys.version_info.minor}"
    python, complete = folder / "bin" / "python", folder / "complete"
    if not complete.exists():
        uv = [sys.executable, "-m", "uv", "--quiet"]
        _run(*uv, "venv", "--clear", "--seed", "--python", sys.executable, str(folder))
        wanted = f"aegra-api=={VERSION}"
        _run(str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--ignore-requires-python", wanted)
        requirements = folder / "requirements.txt"
        requirements.write_text(_run(str(python), "-c", _REQUIRES))
        _run(*uv, "pip", "install", "--python", str(python), "--requirement", str(requirements))
        complete.touch()
    return python


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
