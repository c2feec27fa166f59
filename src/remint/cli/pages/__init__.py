"""Pages that stand alone: one HTML file each, without script, fonts or network."""
