"""What people are told by mail, and of the end of a plan on WhatsApp too: each in their own language."""
