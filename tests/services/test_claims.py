"""What a claim costs, however much has been due before."""

import asyncio
from functools import partial

from services import claims
from tests.plugins.scene import Scene

CLAIMS = 400


async def test_a_claim_does_not_go_through_what_was_due_before(scene: Scene) -> None:
    await scene.start("x")
    for _ in range(CLAIMS):
        (claim,) = await scene.claim()
        async with scene.db.autocommit() as connection:
            await claims.give_back(connection, [claim], due_in=0)
    await scene.db.dispose()  # a connection adds to the counts as it ends
    read = partial(
        scene.row,
        "SELECT idx_scan AS looks, idx_tup_read AS entries FROM pg_stat_user_indexes"
        " WHERE indexrelname = 'ix_platform_states_due_at'",
    )
    while (found := await read())["looks"] < CLAIMS:
        await asyncio.sleep(0.02)
    # A hundred each, whatever their number: the index marks dead entries. By a bitmap they would add up to 160,000.
    assert found["entries"] < 200 * CLAIMS
