"""wabox: a self-hosted WhatsApp sending box for small shops."""

__version__ = "0.1.0"
