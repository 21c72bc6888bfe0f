"""Whether what a client has is what there is (RFC 9110, 13.1.2)."""


def is_known(condition: str, etag: str) -> bool:
    """By an If-None-Match: of several tags any, and weak ones, which a proxy makes of ours when it packs the answer."""
    given = [each.strip().removeprefix("W/") for each in condition.split(",")]
    return etag in given or "*" in given
