"""Every platform there is."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from core.settings import settings
from platforms import blog, email, instagram, linkedin, x
from platforms.base import Platform


class PlatformName(StrEnum):
    LINKEDIN = "linkedin"
    X = "x"
    BLOG = "blog"
    INSTAGRAM = "instagram"
    EMAIL = "email"


PLATFORMS: Final[Mapping[PlatformName, Platform]] = MappingProxyType(
    {
        PlatformName.LINKEDIN: linkedin.PLATFORM,
        PlatformName.X: x.platform(threads=settings().x_threads),
        PlatformName.BLOG: blog.PLATFORM,
        PlatformName.INSTAGRAM: instagram.PLATFORM,
        PlatformName.EMAIL: email.PLATFORM,
    }
)
