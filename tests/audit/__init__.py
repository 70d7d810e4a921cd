"""Which locked packages have a known advisory: asked of a snapshot that is kept here, with its date."""
