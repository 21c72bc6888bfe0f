"""What a url source becomes, and what its author is told when it cannot be read."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from core.errors import ProofroomError
from core.http import AddressRefused, ResponseTooLarge, guarded_client
from core.settings import Settings
from services.library.url_sources import MAX_BYTES, SourceUnreachable, SourceUnreadable, fetch_url

URL = "https://example.com/article"
ARTICLE = """<html><head><title>On bridges</title></head><body><nav>Home | About</nav><article><h1>On bridges</h1>
<p>The old bridge carried four thousand carts a day for three hundred years before anybody measured it.</p>
<p>When it was measured, in 1911, it turned out that its middle arch had sunk by eleven centimetres.</p>
<p>The engineers decided to leave it alone, and it has not moved since; it still carries the road today.</p>
</article><footer>Cookies</footer></body></html>"""


def answering(handler: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(handler))


async def refusal(http: httpx.AsyncClient, url: str = URL) -> ProofroomError:
    with pytest.raises(ProofroomError) as raised:
        await fetch_url(http, url)
    assert raised.value.status == 422
    assert raised.value.remedy
    assert [error.pointer for error in raised.value.errors] == ["/source/url"]
    return raised.value


async def test_an_article_is_read_without_what_surrounds_it() -> None:
    async with answering(lambda _: httpx.Response(200, html=ARTICLE)) as http:
        source = await fetch_url(http, URL)
    assert (source.type, source.url, source.title) == ("url", URL, "On bridges")
    assert "sunk by eleven centimetres" in source.text
    assert "Cookies" not in source.text


async def test_a_large_page_is_read_apart_and_not_for_ever() -> None:
    large = ARTICLE.replace("<nav>", f"<nav><!--{'x' * 300_000}-->")
    async with answering(lambda _: httpx.Response(200, html=large)) as http:
        source = await fetch_url(http, URL)
    assert (source.title, "sunk by eleven" in source.text) == ("On bridges", True)
    endless = "<html><body><table>" + "<tr><td><a href='/'>w</a></td></tr>" * 100_000
    async with answering(lambda _: httpx.Response(200, html=endless)) as http:
        with pytest.raises(SourceUnreachable, match="longer than 1 seconds"):
            await fetch_url(http, URL, limit_seconds=1)


@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown; charset=utf-8", "Text/Markdown"])
async def test_plain_text_is_taken_as_it_is(media_type: str) -> None:
    body = "# Títle\n\nWords.\0\n".encode()
    async with answering(
        lambda _: httpx.Response(200, content=body, headers={"content-type": media_type})
    ) as http:
        assert (await fetch_url(http, URL)).text == "# Títle\n\nWords."


@pytest.mark.parametrize("charset", ["klingon", "undefined", "idna", "hex"])
async def test_an_unknown_charset_is_no_obstacle(charset: str) -> None:
    """Nor one that Python knows and nobody writes in."""
    headers = {"content-type": f"text/plain; charset={charset}"}
    async with answering(lambda _: httpx.Response(200, content=b"Words.", headers=headers)) as http:
        assert (await fetch_url(http, URL)).text == "Words."


async def test_half_a_character_can_be_kept() -> None:
    headers = {"content-type": "text/plain; charset=utf-7"}
    async with answering(lambda _: httpx.Response(200, content=b"Words+2AA-.", headers=headers)) as http:
        assert (await fetch_url(http, URL)).text == "Words\N{REPLACEMENT CHARACTER}."


@pytest.mark.parametrize("html", ["", "<html></html>", "<html><body><script>app()</script></body></html>"])
async def test_a_page_without_words(html: str) -> None:
    async with answering(lambda _: httpx.Response(200, html=html)) as http:
        assert isinstance(await refusal(http), SourceUnreadable)


async def test_another_type() -> None:
    headers = {"content-type": "application/pdf"}
    async with answering(lambda _: httpx.Response(200, content=b"%PDF", headers=headers)) as http:
        error = await refusal(http)
    assert isinstance(error, SourceUnreadable)
    assert "application/pdf" in error.detail


@pytest.mark.parametrize("status", [404, 403, 500])
async def test_an_error_status(status: int) -> None:
    async with answering(lambda _: httpx.Response(status)) as http:
        error = await refusal(http)
    assert isinstance(error, SourceUnreachable)
    assert str(status) in error.detail


async def test_nobody_there() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    async with answering(refuse) as http:
        assert isinstance(await refusal(http), SourceUnreachable)


async def test_redirects_without_end() -> None:
    async with answering(lambda _: httpx.Response(302, headers={"location": URL})) as http:
        assert isinstance(await refusal(http), SourceUnreachable)


async def test_too_large() -> None:
    body = b"x" * (MAX_BYTES + 1)
    async with answering(
        lambda _: httpx.Response(200, content=body, headers={"content-type": "text/plain"})
    ) as http:
        assert isinstance(await refusal(http), ResponseTooLarge)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://169.254.169.254/latest", "http://[::1]/"])
async def test_addresses_inside(url: str) -> None:
    async with guarded_client(Settings(), 5) as http:
        assert isinstance(await refusal(http, url), AddressRefused)


@pytest.mark.parametrize("url", ["not a url", "ftp://example.com/", "http://", "http://exa mple.com/", ""])
async def test_no_address_of_the_web(url: str) -> None:
    async with guarded_client(Settings(), 5) as http:
        assert isinstance(await refusal(http, url), SourceUnreachable)


async def test_a_body_that_trickles_is_not_waited_for() -> None:
    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.01)

    headers = {"content-type": "text/plain"}
    async with answering(lambda _: httpx.Response(200, content=trickle(), headers=headers)) as http:
        with pytest.raises(SourceUnreachable, match=r"longer than 0\.1 seconds"):
            await fetch_url(http, URL, limit_seconds=0.1)
