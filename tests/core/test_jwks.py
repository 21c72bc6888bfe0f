"""An issuer's keys: how long they are kept, when they are asked for anew, and what an outage changes."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.jwks import LONGEST_SECONDS, PAUSE_SECONDS, SHORTEST_SECONDS, IssuerUnreachable, Jwks, KeySet
from tests.plugins.issuer import Key, ec_key, rsa_key


@dataclass
class Source:
    """What an issuer publishes, read as often as is counted, by a clock that only the test moves."""

    keys: list[dict[str, Any]]
    seconds: float | None = None
    down: bool = False
    read: int = 0
    now: float = 1000.0
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> Jwks:
        self.read += 1
        await self.hold.wait()
        if self.down:
            raise IssuerUnreachable("down")
        return {"keys": self.keys}, self.seconds


@dataclass
class Kept:
    source: Source
    keys: KeySet

    async def has(self, kid: str | None, algorithm: str = "ES256") -> bool:
        return await self.keys.find(kid, algorithm) is not None


async def kept(*keys: Key, **values: Any) -> Kept:
    source = Source([key.public for key in keys], **values)
    source.hold.set()
    return Kept(source, KeySet(source, lambda: source.now))


async def test_keys_are_kept_as_long_as_the_issuer_says_within_bounds() -> None:
    for seconds, kept_for in ((None, 600), (300, 300), (0, SHORTEST_SECONDS), (10**8, LONGEST_SECONDS)):
        found = await kept(ec_key("a"), seconds=seconds)
        for passed, read in ((0.0, 1), (kept_for - 1, 1), (1.0, 2)):
            found.source.now += passed
            assert await found.has("a")
            assert found.source.read == read, (seconds, passed)


async def test_an_unknown_key_is_asked_for_once_in_a_while() -> None:
    found = await kept(ec_key("a"))
    assert await found.has("a")
    found.source.keys.append(ec_key("b").public)
    assert not await found.has("b")
    found.source.now += PAUSE_SECONDS
    assert await found.has("b")
    for made_up in ("x", "y", "z"):
        assert not await found.has(made_up)
    assert found.source.read == 2


async def test_all_who_need_the_keys_wait_for_one_answer() -> None:
    found = await kept(ec_key("a"))
    found.source.hold.clear()
    asking = [asyncio.create_task(found.has("a")) for _ in range(20)]
    await asyncio.sleep(0)
    asking[0].cancel()  # one who gives up takes nothing from the others
    await asyncio.sleep(0)
    found.source.hold.set()
    assert await asyncio.gather(*asking[1:]) == [True] * 19
    assert found.source.read == 1


async def test_the_last_keys_are_believed_while_the_issuer_is_down() -> None:
    found = await kept(ec_key("a"))
    assert await found.has("a")
    found.source.down = True
    found.source.now += LONGEST_SECONDS
    assert await found.has("a")
    with pytest.raises(IssuerUnreachable) as refused:
        await found.has("b")
    assert refused.value.retry_after == PAUSE_SECONDS
    found.source.now += PAUSE_SECONDS
    found.source.hold.clear()
    assert await found.has("a"), "nobody waits for who was silent a moment ago"
    found.source.down, found.source.keys = False, [ec_key("b").public]
    found.source.hold.set()
    for _ in range(3):
        await asyncio.sleep(0)
    assert (await found.has("a"), await found.has("b")) == (False, True)


async def test_without_any_key_nothing_can_be_said() -> None:
    for source in (
        await kept(down=True),
        await kept(),
    ):
        with pytest.raises(IssuerUnreachable):
            await source.has("a")


async def test_a_key_is_used_for_what_it_is_for() -> None:
    """Its type, its `alg`, its `use`; without a name only where it is the only one."""
    rsa = Key("rsa", "RS256", rsa_key()).public
    free = {name: value for name, value in rsa.items() if name != "alg"} | {"kid": "free"}
    sealing = ec_key("enc").public | {"use": "enc"}
    wrapping = ec_key("wrap").public | {"key_ops": ["wrapKey"]}
    secret = {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"}
    found = await kept(ec_key("a"))
    found.source.keys += [rsa, free, sealing, wrapping, secret, {"kty": "EC", "kid": "broken"}, {}]
    assert [name for name in ("a", "enc", "wrap", "broken") if await found.has(name)] == ["a"]
    assert [await found.has("rsa", each) for each in ("RS256", "RS512", "ES256")] == [True, False, False]
    assert [await found.has("free", each) for each in ("RS256", "PS512", "ES256")] == [True, True, False]
    assert [await found.has("oct", each) for each in ("HS256", "none")] == [False, False]
    assert (await found.has(None, "ES256"), await found.has(None, "RS256")) == (True, False)
