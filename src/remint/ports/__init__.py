"""Ports: Protocols whose docstrings are contracts. Nothing here has behaviour."""
