"""Measurements, side by side in one run: ratios mean something on a noisy machine, seconds alone do not."""
