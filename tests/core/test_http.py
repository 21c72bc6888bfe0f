"""The guard on outgoing requests: addresses in any notation, names, redirects and names that change their mind."""

import asyncio
import gzip
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from pydantic import HttpUrl
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from core.http import (
    AddressRefused,
    ContentTypeRefused,
    Resolve,
    ResponseTooLarge,
    check_address,
    fetch,
    guarded_client,
    is_exempt,
    operator_client,
    publishing_client,
)
from core.settings import Deployment, Settings

PUBLIC = "93.184.216.34"
MUCH = bytes(1_000_000)


def answers(*addresses: str) -> Resolve:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


@pytest.fixture(scope="module")
def peer() -> Iterator[int]:
    """A server on loopback; `/to?url=` redirects, `/host` tells the Host header, `/text?size=` is that long, `/packed?as=` is
    MUCH, `/cookie` sets one and tells what it was sent."""
    little = gzip.compress(MUCH)

    async def to(request: Request) -> Response:
        return RedirectResponse(request.query_params["url"])

    async def host(request: Request) -> Response:
        return PlainTextResponse(request.headers["host"])

    async def text(request: Request) -> Response:
        return PlainTextResponse("x" * int(request.query_params["size"]))

    async def packed(request: Request) -> Response:
        return PlainTextResponse(little, headers={"Content-Encoding": request.query_params["as"]})

    async def cookie(request: Request) -> Response:
        response = PlainTextResponse(request.headers.get("cookie", "none"))
        response.set_cookie("visitor", "1")
        return response

    app = Starlette(
        routes=[
            Route("/to", to),
            Route("/host", host),
            Route("/text", text),
            Route("/packed", packed),
            Route("/cookie", cookie),
        ]
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)


@asynccontextmanager
async def client(*allowed: str, resolve: Resolve | None = None) -> AsyncIterator[httpx.AsyncClient]:
    async with guarded_client(Settings(allow_private=list(allowed)), 5, resolve=resolve) as http:
        yield http


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://017700000001/",
        "http://0.0.0.0/",
        "http://localhost/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://192.0.0.192/latest/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
    ],
)
async def test_private_addresses_in_any_notation_are_refused(url: str) -> None:
    async with client() as http:
        with pytest.raises(AddressRefused) as raised:
            await http.get(url)
    assert raised.value.status == 422
    assert raised.value.remedy


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"])
async def test_a_name_for_a_private_address_is_refused(address: str) -> None:
    async with client(resolve=answers(address)) as http:
        with pytest.raises(AddressRefused):
            await http.get("https://innocent.example/")


async def test_one_private_address_among_public_ones_is_enough() -> None:
    async with client(resolve=answers(PUBLIC, "127.0.0.1")) as http:
        with pytest.raises(AddressRefused):
            await http.get("https://innocent.example/")


async def test_a_redirect_is_checked_again(peer: int) -> None:
    async with client(f"127.0.0.1:{peer}") as http:
        with pytest.raises(AddressRefused):
            await http.get(
                f"http://127.0.0.1:{peer}/to?url=http://localhost:{peer}/host", follow_redirects=True
            )


async def test_the_name_is_not_resolved_a_second_time(peer: int) -> None:
    """A name that is allowed at first and private at the next look would otherwise be connected to."""
    seen: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        seen.append(host)
        return ["127.0.0.1"] if len(seen) == 1 else ["127.0.0.2"]

    async with client(f"rebinding.example:{peer}", resolve=rebinding) as http:
        response = await http.get(f"http://rebinding.example:{peer}/host")
    assert response.text == f"rebinding.example:{peer}"
    assert seen == ["rebinding.example"]
    assert str(response.url) == f"http://rebinding.example:{peer}/host"


async def test_the_next_address_is_tried_when_one_does_not_listen(peer: int) -> None:
    async with client(f"two.example:{peer}", resolve=answers("127.0.0.9", "127.0.0.1")) as http:
        assert (await http.get(f"http://two.example:{peer}/host")).status_code == 200


async def test_what_is_allowed_is_one_port_of_one_host(peer: int) -> None:
    async with client("127.0.0.1:1") as http:
        with pytest.raises(AddressRefused):
            await http.get(f"http://127.0.0.1:{peer}/host")


@pytest.mark.parametrize("url", ["ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1/"])
async def test_only_the_web_is_fetched(url: str) -> None:
    async with client() as http:
        with pytest.raises(httpx.UnsupportedProtocol):
            await http.get(url)


async def test_a_name_that_is_spelt_wrong_is_no_address_wherever_it_stands(peer: int) -> None:
    wrong = "http://xn--/"
    async with client(f"127.0.0.1:{peer}") as http:
        for url in (wrong, f"http://127.0.0.1:{peer}/to?url={wrong}"):
            with pytest.raises(httpx.UnsupportedProtocol):
                await http.get(url, follow_redirects=True)
    with pytest.raises(httpx.UnsupportedProtocol):
        await check_address(Settings(), wrong)
    with pytest.raises(httpx.UnsupportedProtocol):
        is_exempt(Settings(), wrong)


async def test_an_unknown_name_is_a_connection_that_failed() -> None:
    async def nowhere(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror("no such name")

    async with client(resolve=nowhere) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("https://nowhere.example/")


async def test_a_slow_resolver_does_not_hold_us() -> None:
    async def slow(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return [PUBLIC]

    async with guarded_client(Settings(), 0.05, resolve=slow) as http:
        with pytest.raises(httpx.ConnectTimeout):
            await http.get("https://slow.example/")


async def test_a_fetch_is_limited_in_size(peer: int) -> None:
    async with client(f"127.0.0.1:{peer}") as http:
        url = f"http://127.0.0.1:{peer}/text?size="
        fetched = await fetch(http, f"{url}1000", max_bytes=1000, media_types=["text/plain"])
        assert (fetched.media_type, fetched.charset, len(fetched.body)) == ("text/plain", "utf-8", 1000)
        with pytest.raises(ResponseTooLarge):
            await fetch(http, f"{url}1001", max_bytes=1000, media_types=["text/"])


async def test_what_is_packed_otherwise_than_asked_is_not_unpacked(peer: int) -> None:
    async with client(f"127.0.0.1:{peer}") as http:
        url, types = f"http://127.0.0.1:{peer}/packed?as=", ["text/plain"]
        assert (await fetch(http, f"{url}gzip", max_bytes=len(MUCH), media_types=types)).body == MUCH
        with pytest.raises(ResponseTooLarge):
            await fetch(http, f"{url}gzip", max_bytes=len(MUCH) - 1, media_types=types)
        for packing in ("gzip, gzip", "zstd"):
            with pytest.raises(httpx.DecodingError, match="packed as"):
                await fetch(http, f"{url}{packing}", max_bytes=len(MUCH), media_types=types)


async def test_a_fetch_is_limited_in_type(peer: int) -> None:
    async with client(f"127.0.0.1:{peer}") as http:
        with pytest.raises(ContentTypeRefused):
            await fetch(http, f"http://127.0.0.1:{peer}/host", max_bytes=1000, media_types=["image/"])


async def test_the_operators_own_addresses_are_not_guarded(peer: int) -> None:
    async with operator_client(Settings(), 5) as http:
        assert (await http.get(f"http://127.0.0.1:{peer}/host")).status_code == 200


async def test_publishing_reaches_configured_platforms_and_nothing_else_inside(peer: int) -> None:
    async with publishing_client(Settings(simulator_url=f"http://127.0.0.1:{peer}"), 5) as http:
        assert (await http.get(f"http://127.0.0.1:{peer}/host")).status_code == 200
        with pytest.raises(AddressRefused):
            await http.get("http://127.0.0.1:1/")


async def test_publishing_reaches_the_services_own_pictures(peer: int) -> None:
    own = f"http://127.0.0.1:{peer}"
    for settings in (Settings(public_url=HttpUrl(own)), Settings(deployment=Deployment.EMBEDDED, port=peer)):
        async with publishing_client(settings, 5) as http:
            assert (await http.get(f"{own}/host")).status_code == 200
    async with publishing_client(Settings(port=peer), 5) as http:
        with pytest.raises(AddressRefused):
            await http.get(f"{own}/host")


async def test_accounts_that_share_a_client_share_no_cookies(peer: int) -> None:
    async with publishing_client(Settings(simulator_url=f"http://127.0.0.1:{peer}"), 5) as http:
        sent = [(await http.get(f"http://127.0.0.1:{peer}/cookie")).text for _ in range(2)]
    assert sent == ["none", "none"]
