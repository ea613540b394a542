"""Measure what protection costs, as ratios in one run."""
