"""The simulated Instagram is as strict as its references say: the life of a container, the day's posts, whose token it is."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from core.simulated import instagram_token, instagram_user_id
from simulators.faults import Faults
from simulators.instagram import CAPTION, POSTS, Instagram
from simulators.record import Entry, Record

USER = instagram_user_id("acme")


@pytest.fixture
def record() -> Record:
    return Record(None)


@pytest.fixture
async def graph(record: Record) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Mount("/instagram", routes=Instagram(record, Faults()).routes())])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://simulator/instagram",
        headers={"Authorization": f"Bearer {instagram_token('acme')}"},
    ) as client:
        yield client


def container(record: Record, container_id: str, **more: Any) -> None:
    fields = {"item": False, "looks": 0}
    record.keep(
        Entry(
            platform="instagram",
            account="acme",
            id=container_id,
            kind="container",
            status="draft",
            fields=fields,
            **more,
        )
    )


def code(answer: httpx.Response) -> tuple[int, int]:
    error = answer.json()["error"]
    return error["code"], error["error_subcode"]


async def test_a_container_is_published_once_and_known_for_it(
    graph: httpx.AsyncClient, record: Record
) -> None:
    container(record, "7")
    assert (await graph.get("/7?fields=status_code")).json()["status_code"] == "FINISHED"
    first = await graph.post(f"/{USER}/media_publish", data={"creation_id": "7"})
    assert first.status_code == 200
    assert (await graph.get("/7?fields=status_code")).json()["status_code"] == "PUBLISHED"
    again = await graph.post(f"/{USER}/media_publish", data={"creation_id": "7"})
    assert code(again) == (9007, 2207027)
    listed = (await graph.get(f"/{USER}/media")).json()["data"]
    assert [each["id"] for each in listed] == [first.json()["id"]]


async def test_a_container_of_yesterday_is_expired(graph: httpx.AsyncClient, record: Record) -> None:
    container(record, "7", created_at=time.time() - 24 * 3600 - 1)
    assert (await graph.get("/7?fields=status_code")).json()["status_code"] == "EXPIRED"


async def test_the_days_posts_are_counted_deleted_ones_too(graph: httpx.AsyncClient, record: Record) -> None:
    container(record, "7")
    for number in range(POSTS):
        status = "deleted" if number % 2 else "published"
        record.keep(
            Entry.model_validate(
                {"platform": "instagram", "account": "acme", "id": f"p{number}", "status": status}
            )
        )
    limit = (await graph.get(f"/{USER}/content_publishing_limit?fields=quota_usage,config")).json()["data"]
    assert limit == [{"quota_usage": POSTS, "config": {"quota_total": POSTS, "quota_duration": 86400}}]
    full = await graph.post(f"/{USER}/media_publish", data={"creation_id": "7"})
    assert code(full) == (9, 2207042)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"caption": "a" * (CAPTION + 1)}, (36004, 2207010)),
        ({"caption": "#tag " * 31}, (100, 2207040)),
        ({"media_type": "CAROUSEL", "children": "1"}, (100, 2207028)),
        ({"media_type": "CAROUSEL", "children": "1,2"}, (24, 2207006)),
        ({"image_url": "http://169.254.169.254/a.jpg"}, (9004, 2207052)),
        ({"image_url": "no address"}, (9004, 2207052)),
        ({"image_url": "https://a.example/a.jpg", "alt_text": "a" * 1001}, (100, 0)),
    ],
)
async def test_what_it_does_not_take(
    graph: httpx.AsyncClient, asked: dict[str, str], expected: tuple[int, int]
) -> None:
    assert code(await graph.post(f"/{USER}/media", data=asked)) == expected


async def test_nobody_speaks_for_somebody_else(graph: httpx.AsyncClient) -> None:
    other = instagram_user_id("other")
    assert code(await graph.get(f"/{other}/media")) == (100, 33)
    assert code(await graph.get("/me", headers={"Authorization": "Bearer sim-instagram"})) == (190, 0)
