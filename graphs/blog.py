"""The loop for the blog, as langgraph.json exports it."""

from graphs.loop import build

graph = build("blog")
