"""Keeping where a project stands between processes."""
