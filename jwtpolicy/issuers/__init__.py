"""Issuers of other tokens that an application trusts: identity providers, and other services."""
