"""Protocols of others that Remint speaks."""
