"""The routes of each noun, and all of them in one table."""
