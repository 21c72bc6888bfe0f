"""Outgoing HTTP. Addresses that users give are checked after resolution, and the checked address is the one connected to."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from ssl import SSLContext
from typing import Any, Final

import httpx

from core.errors import ProofroomError
from core.settings import Deployment, Settings

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

USER_AGENT: Final = "Proofroom/0.1"
MAX_REDIRECTS: Final = 5
RESOLVE_SECONDS: Final = 5.0
_DIGITS: Final = 9
"""Of a number of seconds: 30 years."""
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""NAT64 (RFC 6052): the last 32 bits are an IPv4 address."""
_OF_PROTOCOLS: Final = IPv4Network("192.0.0.0/24")
"""A cloud's own (RFC 6890); Python knows only since 3.12.4 that it is nobody's on the internet."""


class AddressRefused(ProofroomError):
    """The name resolves to an address inside somebody's own network."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Address refused"


class ResponseTooLarge(ProofroomError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The answer is too large"


class ContentTypeRefused(ProofroomError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The answer is of another type"


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer's body, whole, and where it came from after redirects."""

    url: str
    media_type: str
    """Lower case, without parameters."""
    charset: str | None
    body: bytes


def guarded_client(
    settings: Settings, timeout: float, *, exempt: Collection[str] = (), resolve: Resolve | None = None
) -> httpx.AsyncClient:
    """For addresses that users give; `timeout` in seconds for each network step.

    Requests raise AddressRefused for private, loopback, link-local, multicast and reserved addresses, in whatever
    notation, at each redirect. `settings.allow_private` and `exempt` list host:port pairs that are let through.
    """
    allowed = frozenset(entry.lower() for entry in (*settings.allow_private, *exempt))
    return _GuardedClient(
        transport=_GuardedTransport(allowed, resolve or _system_resolve),
        timeout=timeout,
        max_redirects=MAX_REDIRECTS,
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        trust_env=False,  # a proxy would resolve the name a second time
    )


async def check_address(
    settings: Settings, url: str, *, exempt: Collection[str] = (), resolve: Resolve | None = None
) -> Sequence[str]:
    """The addresses that a request by `guarded_client` would go to; raises what it would before anything is sent."""
    allowed = frozenset(entry.lower() for entry in (*settings.allow_private, *exempt))
    guard = _GuardedTransport(allowed, resolve or _system_resolve)
    with _spelled():
        request = httpx.Request("GET", url, extensions={"timeout": {"connect": RESOLVE_SECONDS}})
    return await guard.addresses(request)


def is_exempt(settings: Settings, url: str) -> bool:
    """The operator lets this address through, although it is private."""
    with _spelled():
        peer = _peer(httpx.URL(url))
    return peer in {entry.lower() for entry in settings.allow_private}


def publishing_client(settings: Settings, timeout: float) -> httpx.AsyncClient:
    """Guarded, since blogs and images are where users say; exempt are the platforms' configured addresses, and the
    service's own, where the pictures of the library are."""
    configured = (settings.linkedin_url, settings.x_url, settings.instagram_url, settings.simulator_url)
    known = [url for url in (*configured, *_own(settings)) if url]
    client = guarded_client(settings, timeout, exempt=[_peer(httpx.URL(url)) for url in known])
    # It serves everybody's accounts, and what a platform says to one is not for the next.
    client.cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return client


def _own(settings: Settings) -> list[str]:
    own = [str(settings.public_url)] if settings.public_url else []
    if settings.deployment is Deployment.EMBEDDED:
        own += [f"http://{host}:{settings.port}" for host in ("127.0.0.1", "localhost")]
    return own


def operator_client(settings: Settings, timeout: float) -> httpx.AsyncClient:
    """For base URLs of the operator's own configuration; honours the environment's proxies, never for loopback."""
    return httpx.AsyncClient(
        verify=_ssl_context(),
        timeout=timeout,
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        mounts={"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None},
    )


async def fetch(
    http: httpx.AsyncClient, url: str, *, max_bytes: int, media_types: Collection[str], accept: str = "*/*"
) -> Fetched:
    """GET with redirects followed. Raises httpx.HTTPError, also for an error status, AddressRefused, ResponseTooLarge
    and ContentTypeRefused. `media_types` are full types or prefixes that end in a slash (`image/`)."""
    async with http.stream("GET", url, headers={"Accept": accept}, follow_redirects=True) as response:
        response.raise_for_status()
        media_type = response.headers.get("content-type", "").split(";")[0].strip().lower()
        if not any(
            media_type == known or (known[-1:] == "/" and media_type.startswith(known))
            for known in media_types
        ):
            raise ContentTypeRefused(
                f"{response.url} is of type {media_type or 'unknown'}.",
                remedy=f"Give the address of something of type {', '.join(media_types)}.",
            )
        body = await body_of(response, max_bytes)
        return Fetched(str(response.url), media_type, response.charset_encoding, body)


async def body_of(response: httpx.Response, max_bytes: int) -> bytes:
    """A streamed answer's body, unpacked. Raises ResponseTooLarge as soon as it is, and httpx.HTTPError."""
    # httpx unpacks each piece whole, as whatever and as often as the answer says: a kilobyte may be gigabytes then. By gzip,
    # once, a piece of 64 KiB is 64 MiB at most.
    packed = response.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("gzip", "identity"):
        raise httpx.DecodingError(f"the answer is packed as {packed}, and only gzip was asked for")
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > max_bytes:
            raise ResponseTooLarge(
                f"{response.url} is larger than {max_bytes:,} bytes.",
                remedy="Give the address of something smaller.",
            )
    return bytes(body)


def date_of(header: str) -> datetime | None:
    """RFC 9110's, or what others write for one; None for what is none, or is at no time that there is."""
    try:
        found = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, as a number or as a date; None where it is neither. RFC 9110, 10.2.3."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:_DIGITS])
    until = date_of(value)
    return max(0.0, until.timestamp() - time_of(headers)) if until else None


def time_of(headers: Mapping[str, str]) -> float:
    """Unix time by the clock of whoever answered; by ours, which may be wrong, where they do not say."""
    at = date_of(headers.get("date", ""))
    return at.timestamp() if at else time.time()


@contextmanager
def _spelled() -> Iterator[None]:
    """httpx lets the error of a name that is spelt wrong (`xn--`) pass as it comes, where it follows a redirect, too."""
    try:
        yield
    except UnicodeEncodeError:
        raise  # of a header
    except UnicodeError as error:
        raise httpx.UnsupportedProtocol(f"the name of the server is none: {error}") from error


class _GuardedClient(httpx.AsyncClient):
    def build_request(self, *args: Any, **kwargs: Any) -> httpx.Request:
        with _spelled():
            return super().build_request(*args, **kwargs)

    async def send(self, *args: Any, **kwargs: Any) -> httpx.Response:
        with _spelled():
            return await super().send(*args, **kwargs)


class _GuardedTransport(httpx.AsyncBaseTransport):
    """Replaces the name in each request by an address that was checked; the name stays in Host and in TLS."""

    def __init__(self, allowed: frozenset[str], resolve: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve
        # Without keep-alive no request rides on a connection that was verified for another name.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(verify=_ssl_context(), limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        addresses = await self.addresses(request)
        for address in addresses[:-1]:
            try:
                return await self._send(request, address)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # nothing was sent: the next address may answer
        return await self._send(request, addresses[-1])

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def addresses(self, request: httpx.Request) -> Sequence[str]:
        host, port = request.url.host, _port(request.url)
        if request.url.scheme not in ("http", "https") or not host:
            raise httpx.UnsupportedProtocol(
                f"{request.url} is not an http:// or https:// address", request=request
            )
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("connect")):
                addresses = await self._resolve(host, port)
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"{host} was not resolved in time", request=request) from error
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"{host} cannot be resolved", request=request) from error
        if not addresses:
            raise httpx.ConnectError(f"{host} has no address", request=request)
        if _peer(request.url) not in self._allowed and not all(_public(address) for address in addresses):
            raise AddressRefused(
                f"{host} is not an address on the public internet.",
                remedy="Use a public address, or have the operator list host:port in PROOFROOM_ALLOW_PRIVATE.",
            )
        return addresses

    async def _send(self, request: httpx.Request, address: str) -> httpx.Response:
        # The Host header was set from the original URL when the request was built.
        checked = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode("ascii")},
        )
        return await self._inner.handle_async_request(checked)


def _public(address: str) -> bool:
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        embedded = _embedded(ip)
        if embedded is not None:
            return _public(str(embedded))
        if ip.is_site_local:
            return False
    elif ip in _OF_PROTOCOLS:
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that traffic to `ip` may end at."""
    if ip in _TRANSLATED:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


async def _system_resolve(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _peer(url: httpx.URL) -> str:
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{host}:{_port(url)}".lower()


@cache
def _ssl_context() -> SSLContext:
    """Building one takes some 20 ms: it is shared."""
    return httpx.create_ssl_context()
