"""Sources of tables outside the project (see ports.sources)."""
