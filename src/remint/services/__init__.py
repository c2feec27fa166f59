"""Services: one use case a method, one transaction each. They ask rules in core and know adapters by their ports only."""
