"""Adapters of ports.secrets."""
