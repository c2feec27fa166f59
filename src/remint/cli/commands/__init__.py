"""Commands, one file a command or group. A command parses, calls one use case, and prints."""
