"""Uploads until they are part of an artifact."""
