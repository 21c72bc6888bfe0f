"""LinkedIn's versioned Posts API, for members and organisations."""

from platforms.base import Credential, Platform
from platforms.linkedin.policy import POLICY
from platforms.linkedin.preview import preview
from platforms.linkedin.publisher import LinkedInPublisher

PLATFORM = Platform(
    policy=POLICY,
    publisher=LinkedInPublisher(),
    preview=preview,
    credentials=(
        Credential(
            "access_token",
            "Access token",
            hint="With w_member_social, or for an organisation w_organization_social and r_organization_social",
        ),
        Credential(
            "organization",
            "Organisation",
            secret=False,
            required=False,
            hint="Its number or urn:li:organization:…; empty to post as yourself",
        ),
    ),
    url="https://api.linkedin.com",
)
