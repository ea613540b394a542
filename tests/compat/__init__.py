"""Test the bridge from Flask-JWT-Extended: by that library's own suite, and as an attacker."""
