"""Usage logs: in files, and in memory for tests."""
