"""Sessions and revocations in Redis and Valkey."""
