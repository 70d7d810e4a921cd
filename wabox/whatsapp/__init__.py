"""The only place that knows WhatsApp Web."""
