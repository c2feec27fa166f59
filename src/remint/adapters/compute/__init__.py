"""Carrying out steps: in a guarded process of their own, or, for debuggers, in this one (ports.compute)."""
