"""Say what every endpoint of an application demands."""
