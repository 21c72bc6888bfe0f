"""What figures were measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def described() -> dict[str, str]:
    packages = ("proofroom", "langgraph", "langgraph-checkpoint-postgres")
    return {
        "cores": str(os.cpu_count()),
        "processor": _processor(),
        "Python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def _processor() -> str:
    """Its name, where the system tells."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
