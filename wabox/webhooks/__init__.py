"""What other programs are told, and where."""
