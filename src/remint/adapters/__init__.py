"""One folder a port: the only code that knows a database, a file system, a table library or a model library."""
