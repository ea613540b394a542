"""Rotate the keys of a folder in three phases: publish, sign, retire."""
