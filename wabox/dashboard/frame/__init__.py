"""What the author of a page needs: who may see it, the desk, forms, answers, and what every page says."""
