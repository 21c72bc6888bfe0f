"""The loop for Instagram, as langgraph.json exports it."""

from graphs.loop import build

graph = build("instagram")
