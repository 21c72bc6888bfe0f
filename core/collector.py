"""When Python's garbage collector looks for cycles, in our own processes."""

import atexit
import gc
from typing import Final

_YOUNG: Final = 50_000
"""Objects that come together before it looks for cycles: some tens of requests' worth."""
_LOADING: Final = 1_000_000
"""More than there are once everything is loaded; a short command ends before it looks at all."""


def start() -> None:
    """Call before anything is loaded. What modules are made of stays until the end, and looking through it again and
    again while it is loaded, and once more at exit, takes half of the time that a process needs to start and to end.
    """
    gc.set_threshold(_LOADING, *gc.get_threshold()[1:])
    atexit.register(gc.freeze)


def settle() -> None:
    """Call when everything is loaded: that stays, and is not looked through again and again.

    With Python's own thresholds, a page of the inbox cost a quarter more CPU, and every twentieth took four times as
    long as the others.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
