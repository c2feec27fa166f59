"""Seeing what a step depends on: its code, its environment, its checkout (see ports.capture)."""
