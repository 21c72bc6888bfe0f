import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from core import processes
from core.embedded import Cluster, EmbeddedDatabaseError
from core.embedded.place import packaged_binaries

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")

_OWNER = """
import sys, time
from pathlib import Path
from core.embedded import Cluster
cluster = Cluster(Path(sys.argv[1]))
cluster.start()
print(cluster.url(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path / "d", tests=True)
    cluster.start()
    yield cluster
    cluster.stop()


def _folder(cluster: Cluster) -> Path:
    return cluster.log_file.parent.parent / "postgres" / "data"


def _owner(data_dir: Path) -> tuple["subprocess.Popen[str]", str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_a_server_is_whole_and_its_owners_alone(cluster: Cluster, tmp_path: Path) -> None:
    with psycopg.connect(cluster.url()) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolinherit, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        connection.execute("CREATE TABLE own (id int)")
        shown = [
            connection.execute(f"SHOW {name}").fetchone()
            for name in ("data_checksums", "server_encoding", "listen_addresses")
        ]
        (upper,) = connection.execute("SELECT upper('straße ñ')").fetchone() or ("",)
        sockets = Path(connection.info.host)
    assert role == (False, False, False, True)
    assert shown == [("on",), ("UTF8",), ("",)]
    assert upper == "STRAßE Ñ"
    assert sockets.stat().st_mode & 0o077 == 0, "other users cannot reach them"
    with pytest.raises(EmbeddedDatabaseError, match="Another process is running PostgreSQL"):
        Cluster(tmp_path / "d", tests=True).start()
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_server_ends_when_its_owner_is_killed_and_starts_again(tmp_path: Path) -> None:
    owner, url = _owner(tmp_path / "d")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
    owner.kill()
    owner.wait()
    cluster = Cluster(tmp_path / "d")
    cluster.start()
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SELECT id FROM kept").fetchone() == (1,)
    cluster.stop()
    assert processes.working_in(_folder(cluster)) == []


def test_it_starts_again_after_everything_was_killed_at_work(tmp_path: Path) -> None:
    owner, url = _owner(tmp_path / "d")
    busy = psycopg.connect(url, autocommit=True)
    busy.execute("CREATE TABLE kept AS SELECT 1 AS id")
    busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 400000000)")
    server = int((tmp_path / "d/postgres/data/postmaster.pid").read_text().split()[0])
    os.kill(server, signal.SIGKILL)
    owner.kill()
    owner.wait()
    cluster = Cluster(tmp_path / "d")
    cluster.start()
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SELECT id FROM kept").fetchone() == (1,)
    cluster.stop()
    busy.close()


def test_a_restart_keeps_what_was_committed_whoever_has_the_recorded_id_now(cluster: Cluster) -> None:
    """As after a reboot, when ids are dealt again; the file itself is PostgreSQL's to remove."""
    pid_file = _folder(cluster) / "postmaster.pid"
    recorded = pid_file.read_text().split("\n")
    with psycopg.connect(cluster.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
    cluster.stop()
    cluster.start()
    cluster.stop()
    with subprocess.Popen(["sleep", "60"]) as somebody:
        pid_file.write_text("\n".join([str(somebody.pid), *recorded[1:]]))
        pid_file.chmod(0o600)
        cluster.start()
        with psycopg.connect(cluster.url()) as connection:
            assert connection.execute("SELECT id FROM kept").fetchone() == (1,)
        somebody.kill()


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "d" / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    cluster = Cluster(tmp_path / "d", tests=True)
    cluster.start()
    assert cluster.version.startswith("18.")
    cluster.stop()


def test_another_versions_files_are_refused_by_name(cluster: Cluster) -> None:
    cluster.stop()
    (_folder(cluster) / "PG_VERSION").write_text("14\n")
    with pytest.raises(EmbeddedDatabaseError, match="made by PostgreSQL 14"):
        cluster.start()


def test_a_deep_data_directory_has_a_socket_all_the_same(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / ("deep" * 20) / ("er" * 20), tests=True)
    cluster.start()
    with psycopg.connect(cluster.url()) as connection:
        folder = Path(connection.info.host)
    cluster.stop()
    assert folder.stat().st_mode & 0o077 == 0
    folder.rmdir()


@as_root
def test_root_without_namespaces_takes_a_second_user(tmp_path: Path) -> None:
    data_dir = tmp_path / "d"
    for _ in range(2):
        cluster = Cluster(data_dir, tests=True, namespaces=False)
        cluster.start()
        with psycopg.connect(cluster.url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        (server,) = processes.working_in((data_dir / "postgres" / "data").resolve())[:1]
        assert Path(f"/proc/{server}").stat().st_uid != 0
        cluster.stop()
    shutil.rmtree((data_dir / "postgres").resolve())


@as_root
def test_programs_below_a_private_directory_are_copied_for_the_second_user(tmp_path: Path) -> None:
    """As in a clone in root's home; the wheel's libraries are found by relative paths and come along."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    package = packaged_binaries().parents[1]
    for folder in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(
            folder, private / folder.name, symlinks=True, ignore=shutil.ignore_patterns("pginstall")
        )
    programs = private / package.name / "pginstall18" / "bin"
    cluster = Cluster(tmp_path / "d", bin_dir=programs, tests=True, namespaces=False)
    cluster.start()
    (server,) = processes.working_in((tmp_path / "d/postgres/data").resolve())[:1]
    copied = Path(f"/proc/{server}/exe").readlink()
    cluster.stop()
    assert tmp_path not in copied.parents
    shutil.rmtree((tmp_path / "d" / "postgres").resolve())
    shutil.rmtree(copied.parents[3])
