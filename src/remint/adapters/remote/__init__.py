"""The use cases over HTTP: what a client of a server calls in the place of the services."""
