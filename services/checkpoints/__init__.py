"""LangGraph's checkpoints in our transactions: the stock saver's tables and layout, without its own commits.

`BufferedSaver` keeps what a run saves until the service writes it, in the statement that the claim's epoch fences.
`PostgresSaver` reads and writes at once, for whoever shows a thread's state and history. What either writes, LangGraph's
own AsyncPostgresSaver reads.
"""

from services.checkpoints.buffered import BufferedSaver
from services.checkpoints.postgres import PostgresSaver
from services.checkpoints.rows import COLUMNS, JOIN, WRITES, CheckpointRows, Loaded, load

__all__ = [
    "COLUMNS",
    "JOIN",
    "WRITES",
    "BufferedSaver",
    "CheckpointRows",
    "Loaded",
    "PostgresSaver",
    "load",
]
