"""Sign and verify tokens, and name what is in them."""
