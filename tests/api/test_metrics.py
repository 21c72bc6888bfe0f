"""What Prometheus is told about the work that waits."""

from tests.plugins.api import Api
from tests.plugins.scene import Scene


async def test_the_backlog_is_counted_when_somebody_asks(api: Api, scene: Scene) -> None:
    await scene.start("x", "linkedin")
    await scene.execute("UPDATE platform_states SET due_at = now() - interval '90 s'")
    text = (await api.client().get("/metrics")).text
    assert 'proofroom_queue_depth{queue="threads"} 2.0' in text
    (age,) = [
        line for line in text.splitlines() if line.startswith('proofroom_queue_age_seconds{queue="threads"}')
    ]
    assert 89 < float(age.split()[-1]) < 120
    await scene.execute("UPDATE platform_states SET due_at = NULL")
    assert 'proofroom_queue_depth{queue="threads"} 0.0' in (await api.client().get("/metrics")).text
