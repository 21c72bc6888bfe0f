import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import COMMANDS, exit_code
from core.crypto import generate_key
from core.errors import (
    ConfigurationError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    ProofroomError,
    Unavailable,
)
from core.settings import Settings
from tests.patience import PATIENCE_SECONDS


def _proofroom(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


_LOADED = """
import sys
from pathlib import Path
from cli.main import main
try:
    main()
finally:
    print(sorted({"fastapi", "sqlalchemy", "langgraph"} & set(sys.modules)))
"""


def test_help_lists_every_command_and_loads_none() -> None:
    shown = subprocess.run([sys.executable, "-c", _LOADED, "--help"], capture_output=True, text=True)
    words = shown.stdout.split()
    assert {name for name in COMMANDS if name in words} == {
        name for name, command in COMMANDS.items() if not command.hidden
    }
    assert shown.stdout.splitlines()[-1] == "[]"


_EXPLAINED = """
import sys
from cli.main import COMMANDS, main
for name in COMMANDS:
    sys.argv = ["proofroom", name, "--help"]
    try:
        main()
    except SystemExit as end:
        assert not end.code, name
"""


def test_every_command_is_there() -> None:
    """Asked in one process, since most of them load half of the service."""
    shown = subprocess.run([sys.executable, "-c", _EXPLAINED], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert re.findall(r"Usage: proofroom (\S+)", shown.stdout) == [*COMMANDS]


def test_an_unknown_command_is_a_wrong_command_line() -> None:
    assert _proofroom("publish-everything").returncode == 2


def test_an_error_is_one_line_with_the_remedy() -> None:
    failed = _proofroom("api")
    assert failed.returncode == 3
    assert failed.stdout == ""
    assert failed.stderr.count("\n") == 1
    assert failed.stderr.startswith("proofroom: PROOFROOM_SECRET_KEYS is not set")
    assert "proofroom keys generate" in failed.stderr


def test_a_bad_setting_is_named() -> None:
    failed = _proofroom("api", PROOFROOM_WORKER_CONCURRENCY="many")
    assert failed.returncode == 3
    assert re.search(
        r"PROOFROOM_WORKER_CONCURRENCY: .* integer.*\. See docs/configuration.md\.$", failed.stderr
    )


def test_a_data_directory_that_cannot_be_is_one_line() -> None:
    for command in ("up", "review"):
        failed = _proofroom(command, "--data-dir", "/dev/null/proofroom")
        assert failed.returncode == 3
        assert failed.stderr == (
            "proofroom: /dev/null/proofroom cannot be the data directory: Not a directory. "
            "Choose another with --data-dir or PROOFROOM_DATA_DIR.\n"
        )


def test_an_address_that_is_not_ours_is_one_line(tmp_path: Path) -> None:
    failed = _proofroom("up", "--host", "192.0.2.1", "--data-dir", str(tmp_path))
    assert failed.returncode == 3
    assert "Cannot listen on 192.0.2.1:8750: Cannot assign requested address. Choose" in failed.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Invalid("no"), 1),
        (ConfigurationError("no"), 3),
        (NotFound("no"), 4),
        (Forbidden("no"), 5),
        (Conflict("no"), 6),
        (Unavailable("no"), 7),
    ],
)
def test_exit_codes_tell_what_to_do(error: ProofroomError, code: int) -> None:
    assert exit_code(error) == code


def test_a_database_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    answer = _proofroom("validate-schema", DATABASE_URL=f"postgresql:///nothing?host={tmp_path}")
    assert answer.returncode == 7
    assert "The database does not answer" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_key_that_is_missing_is_one_line(settings: Settings) -> None:
    env = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "PROOFROOM_SECRET_KEYS": generate_key("first"),
    }
    added = _proofroom("users", "add", "ada", "ada@example.com", **env)
    assert added.returncode == 0, added.stderr
    listed = _proofroom("users", "list", **{**env, "PROOFROOM_SECRET_KEYS": generate_key("other")})
    assert (listed.returncode, listed.stderr.count("\n")) == (3, 1)
    assert "The key first is not among PROOFROOM_SECRET_KEYS" in listed.stderr
