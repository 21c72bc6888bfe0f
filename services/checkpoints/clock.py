"""Checkpoint ids are made from the time and tell the order: the greatest is the latest."""

from langgraph.checkpoint.base import id as ids


def follow(checkpoint_id: str) -> None:
    """Whatever this machine's clock says, what this process saves comes after the checkpoint that it goes on from:
    another's clock may be ahead of ours."""
    clock = vars(ids)  # LangGraph's own, and private: tests/services/test_checkpoints.py pins it
    clock["_last_v6_timestamp"] = max(clock["_last_v6_timestamp"] or 0, ids.UUID(checkpoint_id).time)
