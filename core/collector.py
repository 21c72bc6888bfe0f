"""Python's garbage collector in a process that serves for long."""

import gc
from typing import Final

_YOUNG: Final = 50_000
"""Objects that come together before it looks for cycles: some tens of requests' worth."""


def settle() -> None:
    """Call when everything is loaded: that stays, and is not looked through again and again.

    With Python's own thresholds, a page of the inbox cost a quarter more CPU, and every twentieth took four times as
    long as the others.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
