"""Repositories of other tools (see ports.imports)."""
