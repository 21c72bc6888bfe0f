"""X's API v2, acting for a user."""

from platforms.base import Credential, Platform
from platforms.x.policy import policy
from platforms.x.preview import previewer
from platforms.x.publisher import XPublisher


def platform(*, threads: bool) -> Platform:
    rules = policy(threads=threads)
    return Platform(
        policy=rules,
        publisher=XPublisher(rules.split),
        preview=previewer(rules),
        credentials=(
            Credential(
                "access_token",
                "User access token",
                hint="OAuth 2.0 with user context, with tweet.read, tweet.write, users.read and media.write",
            ),
        ),
        url="https://api.x.com",
    )
