"""Measure what each store can do as it grows, and write it into the documentation."""
