"""The sandbox: its world, its control API, its page under unmodified wa-js."""
