"""One of the applications that move over."""
