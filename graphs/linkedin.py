"""The loop for LinkedIn, as langgraph.json exports it."""

from graphs.loop import build

graph = build("linkedin")
