"""The field test: what wabox takes for true of WhatsApp, tried step by step with two phones of the owner."""
