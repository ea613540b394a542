"""Tokens of other issuers: which are accepted, by whom, and what their claims mean."""
