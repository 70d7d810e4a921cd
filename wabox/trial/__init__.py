"""Tries a wa-js before any phone gets it: on a pretend WhatsApp, then on the log-in page, in a process apart."""
