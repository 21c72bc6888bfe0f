"""The loop for X, as langgraph.json exports it."""

from graphs.loop import build

graph = build("x")
