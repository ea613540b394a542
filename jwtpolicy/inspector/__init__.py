"""Explain requests, one or all of them, inspect tokens and mint them: what these commands do."""
