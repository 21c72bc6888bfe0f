"""The processes that do the work: threads by claim, everything else from the queue."""
