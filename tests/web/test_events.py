"""The workspace's events under a page's session."""

import httpx

from tests.plugins.web import Room


async def test_without_a_session_there_is_nothing_to_hear(room: Room) -> None:
    answer = await room.visitor().get("/events", headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/?next=/events")


async def test_unknown_types_are_refused(room: Room) -> None:
    ada = await room.person()
    answer: httpx.Response = await ada.get("/events?types=nonsense")
    assert answer.status_code == 422
    assert "nonsense: there is no such type." in answer.text
