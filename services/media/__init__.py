"""Recordings: heard by ffmpeg and a transcriber, put together, cut into clips."""
