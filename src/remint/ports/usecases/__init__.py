"""The use cases, one Protocol a noun: the same whether they run here or behind a server."""
