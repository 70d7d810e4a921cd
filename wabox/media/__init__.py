"""Files that shops send and get: what they are by their content, where they lie, who holds them, how long."""
