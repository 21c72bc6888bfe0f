"""Mailing lists, and newsletters on their way to each reader."""
