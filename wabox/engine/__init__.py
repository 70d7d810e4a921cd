"""What happens by itself: the clock, the turns, the receipts."""
