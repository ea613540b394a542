"""The settings, the services and the plans of endpoints of one Flask application."""
