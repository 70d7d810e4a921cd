"""People, and what they are called."""
