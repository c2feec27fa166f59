"""Stores of bytes by digest."""
