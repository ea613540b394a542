"""What others wrote, read strictly: JSON, and the parameters of functions."""
