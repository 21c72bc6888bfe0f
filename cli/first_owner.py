"""The first owner of `proofroom up`: a sign-in link for the browser, a key in a file for the command line."""

import asyncio
import os
from pathlib import Path

from cli.data_directory import OWNER_KEY_FILE
from core.crypto import Keyring
from core.db import Database
from core.settings import Settings
from services.access.first_owner import ensure_first_owner


def sign_in_path(settings: Settings) -> str | None:
    """Makes the owner and the key where they are missing. Returns the link's path while nobody has signed in."""
    return asyncio.run(_sign_in_path(settings))


async def _sign_in_path(settings: Settings) -> str | None:
    file = settings.data_dir / OWNER_KEY_FILE
    kept = file.read_text().strip() if file.exists() else None
    db = Database(settings)
    try:
        owner = await ensure_first_owner(db, Keyring.from_settings(settings), settings, api_key=kept)
    finally:
        await db.dispose()
    if owner.api_key != kept:
        _write(file, owner.api_key)
    return f"/auth/link/{owner.link}" if owner.link else None


def _write(file: Path, secret: str) -> None:
    """Nobody else may read it, not even for a moment; half a key is never there."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(f"{secret}\n")
    fresh.replace(file)
