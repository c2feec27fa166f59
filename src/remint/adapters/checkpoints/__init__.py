"""Adapters of ports.checkpoints."""
