"""Instagram's Graph API, publishing for a professional account."""

from platforms.base import Credential, Platform
from platforms.instagram.policy import POLICY
from platforms.instagram.preview import preview
from platforms.instagram.publisher import InstagramPublisher

PLATFORM = Platform(
    policy=POLICY,
    publisher=InstagramPublisher(),
    preview=preview,
    credentials=(
        Credential(
            "access_token",
            "Access token",
            hint="Of a professional account, with instagram_business_basic and instagram_business_content_publish",
        ),
    ),
    url="https://graph.instagram.com",
)
