"""What a killed process leaves is swept, what another works in is not."""

import os
from pathlib import Path

from core import scratch


def test_what_a_killed_process_left_is_swept() -> None:
    with scratch.folder() as left, scratch.folder() as used:
        Path(left, "file").write_bytes(b"half")
        os.utime(left, (0, 0))
        assert scratch.sweep(3600) >= 1
        assert not Path(left).exists()
        assert Path(used).is_dir()
        Path(left).mkdir()  # for the block's end
