"""Connections to other servers: in time, and of one process each."""
