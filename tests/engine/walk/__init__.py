"""A box that lives through whatever may happen to it, in any order, and a judge who does not ask it."""
