"""Servers: translating protocols to use cases. Importing this loads no web server."""
