"""Giving a platform the pictures of a post: some at once, and kept, since all of them may take longer than a call has."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeVar

from platforms.base import Publication

AT_ONCE: Final = 5
IMAGES: Final = "images"

T = TypeVar("T")


async def upload(
    publication: Publication, pictures: Sequence[T], one: Callable[[T], Awaitable[str]], name: str = IMAGES
) -> list[str]:
    """What the platform calls each of `pictures`, in their order. Kept under `name`: the next call goes on from there."""
    uploaded = kept(publication, name)
    while len(uploaded) < len(pictures):
        batch = pictures[len(uploaded) : len(uploaded) + AT_ONCE]
        uploaded += await together(map(one, batch))
        await publication.keep({name: [*uploaded]})
    return uploaded


def kept(publication: Publication, name: str = IMAGES) -> list[str]:
    found = publication.kept.get(name)
    return [str(each) for each in found] if isinstance(found, list) else []


async def together(made: Iterable[Awaitable[str]]) -> list[str]:
    """At the same time. What fails is raised once all of them are over, so that none goes on behind the caller's back."""
    done = []
    for each in await asyncio.gather(*made, return_exceptions=True):
        if isinstance(each, BaseException):
            raise each
        done.append(each)
    return done
