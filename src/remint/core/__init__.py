"""Pure nouns and rules: no clock, disk, network, environment or randomness."""
