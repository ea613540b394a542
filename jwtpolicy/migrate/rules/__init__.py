"""Rewrite one subject each."""
