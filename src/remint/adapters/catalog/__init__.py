"""The catalog in a relational database, by SQLAlchemy Core."""
