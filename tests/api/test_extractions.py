"""The text of files over HTTP."""

from uuid import uuid4

import pytest

from core.settings import Settings
from tests.plugins.api import Api
from tests.plugins.documents import pdf, upload


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"poll_seconds": 0.2})


async def test_a_pdf_becomes_text_with_its_pages(api: Api, worker: None) -> None:
    """From the upload on, with a worker behind it."""
    user = await api.user()
    file = await upload(user, pdf(["Tea is old."], ["Coffee is not."]), "a wrong name.docx")
    path = f"/v1/files/{file['id']}/text"
    answer = await user.get(path)
    while answer.json()["status"] not in {"completed", "failed"}:
        answer = await user.get(path, params={"wait": 30}, headers={"If-None-Match": answer.headers["etag"]})
    assert answer.json() == {
        "file_id": file["id"],
        "status": "completed",
        "progress": 100,
        "error": None,
        "retryable": False,
        "text": "Tea is old.\n\nCoffee is not.",
        "places": [
            {"at": 0, "kind": "page", "label": "1", "seconds": None},
            {"at": 13, "kind": "page", "label": "2", "seconds": None},
        ],
        "title": None,
        "language": "en-GB",
    }
    known = {"If-None-Match": answer.headers["etag"]}
    assert (await user.get(path, headers=known)).status_code == 304
    assert (await user.get(f"/v1/files/{file['id']}")).json()["extraction_status"] == "completed"

    silent = (await user.post(f"/v1/files/{file['id']}/clips")).json()
    assert (silent["status"], silent["detail"]) == (404, "This file is no recording but application/pdf.")

    again = await user.post(f"/v1/files/{file['id']}/extraction")
    assert again.status_code == 202
    assert (again.json()["status"], again.json()["text"]) == ("pending", None)


async def test_while_it_is_under_way_it_is_not_asked_for_again(api: Api) -> None:
    user = await api.user()
    file = await upload(user, b"Tea.", "tea.txt")
    shown = (await user.get(f"/v1/files/{file['id']}/text")).json()
    assert (shown["status"], shown["progress"], shown["text"]) == ("pending", 0, None)
    refused = await user.post(f"/v1/files/{file['id']}/extraction")
    assert (refused.status_code, refused.json()["code"]) == (409, "ExtractionUnderWay")
    assert f"/v1/files/{file['id']}/text?wait" in refused.json()["remedy"]
    for method, path in (("GET", "text"), ("POST", "extraction")):
        assert (await user.request(method, f"/v1/files/{uuid4()}/{path}")).status_code == 404
