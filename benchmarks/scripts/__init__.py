"""What is measured in an interpreter of its own; each prints one object of JSON."""
