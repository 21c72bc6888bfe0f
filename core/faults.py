"""Named points at which a process kills itself, for the crash harness: docs/reliability.md. Nothing unless armed."""

import os
import secrets
import signal
from collections.abc import Callable
from random import Random

import structlog

from core.settings import FaultPoint, Settings

log = structlog.get_logger(__name__)

_crash: Callable[[FaultPoint], None] | None = None


def reach(point: FaultPoint) -> None:
    """Here the process may end without another word, if its settings say so."""
    if _crash is not None:
        _crash(point)


def arm(settings: Settings) -> None:
    """Once, as a process starts; the seed of its dice is logged."""
    global _crash
    if not settings.faults:
        return
    seed = secrets.randbits(32) if settings.fault_seed is None else settings.fault_seed
    dice = Random(seed)  # noqa: S311 - not a secret
    log.warning("faults.armed", seed=seed, points=settings.faults)

    def crash(point: FaultPoint) -> None:
        if dice.random() < settings.faults.get(point, 0):
            log.warning("faults.killed", point=point)
            os.kill(os.getpid(), signal.SIGKILL)

    _crash = crash
