"""The loop for newsletters, as langgraph.json exports it."""

from graphs.loop import build

graph = build("email")
