"""What is true of stores on real servers."""
