"""The noun of wa-js that the owner installs: a package, what came of trying it, and which phone has which."""
