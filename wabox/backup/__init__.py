"""Knows the box's life beyond one disk: backed up, put back, moved, and let go again afterwards."""
