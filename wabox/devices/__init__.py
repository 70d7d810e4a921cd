"""Phones that are linked, or should be."""
