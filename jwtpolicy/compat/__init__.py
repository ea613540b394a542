"""Compatibility bridges: the API of other libraries, for applications that are moving over."""
