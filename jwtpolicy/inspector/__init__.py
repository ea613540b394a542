"""Explain requests, inspect tokens and mint them: what the commands of these names do."""
