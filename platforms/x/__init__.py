"""X's API v2, acting for a user."""

from platforms.base import Credential, Platform
from platforms.x.policy import POLICY
from platforms.x.preview import preview
from platforms.x.publisher import XPublisher

PLATFORM = Platform(
    policy=POLICY,
    publisher=XPublisher(),
    preview=preview,
    credentials=(
        Credential(
            "access_token",
            "User access token",
            hint="OAuth 2.0 with user context: tweet.read tweet.write users.read media.write",
        ),
    ),
    url="https://api.x.com",
)
