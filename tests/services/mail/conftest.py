"""A workspace with a mailbox account and a list, and the mail server that its newsletters come to."""

from uuid import UUID

import pytest

from services.delivery import accounts
from services.mail import subscribers
from tests.plugins.mail import MailServer
from tests.plugins.scene import Scene


@pytest.fixture
async def post(scene: Scene, mail_server: MailServer) -> MailServer:
    """The scene's workspace has a mailbox account and a list of its own."""
    scene.settings = scene.settings.model_copy(update={"simulator_mail_port": mail_server.port})
    scene.runtime.settings = scene.settings
    who = scene.principal
    async with scene.tenant() as session:
        await accounts.give_simulated(
            session, scene.settings, scene.runtime.keyring, who.workspace_id, who.user_id, who.username
        )
    await scene.execute("DELETE FROM subscribers")
    return mail_server


async def subscribe(scene: Scene, *names: str, list_id: UUID | None = None) -> subscribers.Added:
    found = list_id or (await scene.row("SELECT id FROM mailing_lists"))["id"]
    async with scene.tenant() as session:
        entries = [subscribers.Entry(f"{name}@readers.example") for name in names]
        return await subscribers.add(session, scene.runtime.keyring, found, entries)
