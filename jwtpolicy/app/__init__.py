"""What one Flask application has: settings, services and the plans of its endpoints."""
