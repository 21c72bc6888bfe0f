"""Crashes and races: a whole service under load, killed again and again, and everything that was promised checked."""
