"""See who can reach what."""
