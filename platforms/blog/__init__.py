"""Ghost's Admin API. Each blog has its own address."""

from platforms.base import Credential, Platform
from platforms.blog.policy import POLICY
from platforms.blog.preview import preview
from platforms.blog.publisher import GhostPublisher

PLATFORM = Platform(
    policy=POLICY,
    publisher=GhostPublisher(),
    preview=preview,
    credentials=(
        Credential("admin_api_key", "Admin API key", hint="id:secret, from Settings → Integrations → Custom"),
    ),
    url=None,
)
