"""Open, renew and end sessions, and say what the tokens of one hold."""
