"""Say what every implementation of a contract must do."""
