"""`proofroom files`, the real command against a real service."""

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from cli.uploading import fingerprint, upload

if TYPE_CHECKING:
    from tests.cli.conftest import Service


def test_files_go_in_are_listed_and_come_back(idle_service: "Service", tmp_path: Path) -> None:
    notes, large = tmp_path / "notes.md", tmp_path / "large.bin"
    notes.write_text("# Tea")
    large.write_bytes(os.urandom(9_000_000))
    done = idle_service.run("files", "add", str(notes), str(large), "--project", "Spring", "--json")
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)
    assert (first["name"], first["mime_type"]) == ("notes.md", "text/markdown")
    assert second["sha256"] == hashlib.sha256(large.read_bytes()).hexdigest()
    listed = idle_service.run("files", "list", "--project", "Spring")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.index("large.bin") < listed.stdout.index("notes.md")
    into = tmp_path / "into"
    into.mkdir()
    got = idle_service.run("files", "get", second["id"], "--output", str(into))
    assert got.returncode == 0, got.stderr
    assert (into / "large.bin").read_bytes() == large.read_bytes()
    again = idle_service.run("files", "get", second["id"], "--output", str(into))
    assert (again.returncode, "--force" in again.stderr) == (6, True)
    waits = idle_service.run("files", "retry", first["id"])
    assert (waits.returncode, "The text of this file is pending" in waits.stderr) == (6, True)
    nowhere = idle_service.run("files", "list", "--project", "Autumn")
    assert (nowhere.returncode, "no project" in nowhere.stderr) == (4, True)


def test_what_was_cut_off_goes_on(idle_service: "Service", tmp_path: Path) -> None:
    from cli.client import Client

    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(1_000_000))
    project = idle_service.call("POST", "/v1/projects", {"title": "Spring"})
    mark = base64.b64encode(fingerprint(file).encode()).decode()
    tus = {"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {idle_service.token}"}
    metadata = f"filename bGFyZ2UuYmlu,fingerprint {mark}"
    begun = httpx.post(
        f"{idle_service.url}/v1/projects/{project['id']}/uploads",
        headers={**tus, "Upload-Length": "1000000", "Upload-Metadata": metadata},
    ).headers["location"]
    bytes_of = {**tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    part = httpx.patch(f"{idle_service.url}{begun}", content=file.read_bytes()[:400_000], headers=bytes_of)
    assert part.status_code == 204
    told: list[int] = []
    file_id = upload(Client(idle_service.url, idle_service.token), project["id"], file, told.append)
    assert begun.endswith(file_id)
    assert (told[0], told[-1]) == (400_000, 1_000_000)
    found = idle_service.call("GET", f"/v1/files/{file_id}")
    assert found["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
