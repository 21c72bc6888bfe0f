"""The writer and the critic that need no model: extractive, deterministic, in the source's own words."""
