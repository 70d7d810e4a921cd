"""Credits and, where a reseller turns it on, plans and payments."""
