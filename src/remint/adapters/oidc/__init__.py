"""Issuers of identities over HTTP."""
