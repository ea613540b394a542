"""Stand in for other libraries while their applications move over."""
