"""Headers of ours that callers send."""

from typing import Final

WORKSPACE_HEADER: Final = "X-Workspace-Id"
KEY_HEADER: Final = "Idempotency-Key"
VIA_HEADER: Final = "X-Proofroom-Via"
"""What the caller acts through, by its own word: an answer to a review is recorded with it."""
