"""A stand-in for WhatsApp: the page, the phones and the servers, for trying and testing without a phone."""
