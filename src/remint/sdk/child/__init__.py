"""The side of an isolated step that runs in the child process."""
