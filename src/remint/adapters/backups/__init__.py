"""Adapters of ports.backups."""
