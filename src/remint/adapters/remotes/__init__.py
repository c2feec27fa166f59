"""Places outside this machine, or beside it, that keep what was pushed."""
