"""Folders outside the store, and what is remembered of them."""
