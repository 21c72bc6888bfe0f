"""What is installed elsewhere has all that the pages need, or is not made."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def test_a_wheel_has_templates_styles_scripts_and_libraries(tmp_path: Path) -> None:
    built = _build(_ROOT, tmp_path)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(_ROOT).as_posix()
        for pattern in ("web/templates/**/*", "web/static/**/*", "platforms/*/preview.html")
        for path in _ROOT.glob(pattern)
        if path.is_file()
    }
    assert {"web/templates/base.html", "web/static/vendor/htmx.min.js"} <= wanted <= inside
    assert not [name for name in inside if "node_modules" in name or "package" in name]


def test_without_the_libraries_none_is_made(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "web/package.json"):
        tmp_path.joinpath(name).parent.mkdir(exist_ok=True)
        shutil.copy(_ROOT / name, tmp_path / name)
    built = _build(tmp_path, tmp_path)
    assert built.returncode != 0
    assert (
        "web/static/vendor lacks htmx.org, idiomorph, tus-js-client, uplot; run scripts/browser-libraries"
        in built.stderr
    )
    assert not list(tmp_path.glob("*.whl"))


def _build(root: Path, target: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
