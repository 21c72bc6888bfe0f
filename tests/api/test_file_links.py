"""Files for people without an account: by links that expire, and public ones."""

from typing import Any
from uuid import UUID

from tests.plugins.api import Api, User
from tests.plugins.files import TEXT, sent


async def test_links_open_private_files_until_they_expire(api: Api) -> None:
    user, nobody = await api.user(), api.client()
    file = await sent(user)
    path = f"/v1/files/{file['id']}"
    made = await user.post(f"{path}/links", json={"expires_in": 60})
    assert made.status_code == 201
    url = made.json()["url"]
    opened = await nobody.get(url)
    assert (opened.status_code, opened.content) == (200, TEXT)
    assert opened.headers["content-type"] == "text/markdown"
    assert (await nobody.get(url, headers={"Range": "bytes=2-4"})).content == b"Tea"
    assert (await nobody.head(url)).headers["content-length"] == str(len(TEXT))
    token = url.rpartition("/")[2]
    for wrong in (token[:-2], "B" + token[1:], token[:43], "x", "é", token + "AAAA"):
        assert (await nobody.get(f"/files/{wrong}")).status_code == 404, wrong

    from services.library import file_links

    row = await row_of(api, user, file["id"])
    late = file_links.sign(api.app.state.keyring, row, 1_000_000_000)
    gone = await nobody.get(f"/files/{late}")
    assert (gone.status_code, gone.json()["code"]) == (410, "LinkExpired")
    for seconds in (0, 8 * 24 * 3600):
        assert (await user.post(f"{path}/links", json={"expires_in": seconds})).status_code == 422


async def row_of(api: Api, user: User, file_id: str) -> Any:
    from services.library import files

    async with api.app.state.db.tenant(user.workspace_id) as session:
        return await files.find(session, UUID(file_id))


async def test_public_files_are_everybodys_until_taken_back(api: Api) -> None:
    user, nobody = await api.user(), api.client()
    file = await sent(user)
    path = f"/v1/files/{file['id']}/public"
    shown = (await user.put(path, json={"public": True})).json()
    url = shown["public_url"]
    opened = await nobody.get(url)
    assert (opened.content, opened.headers["cross-origin-resource-policy"]) == (TEXT, "cross-origin")
    assert (await user.put(path, json={"public": True})).json()["public_url"] == url
    assert (await user.put(path, json={"public": False})).json()["public_url"] is None
    assert (await nobody.get(url)).status_code == 404
