"""How a thing is called on pages: one word for it wherever it is shown, with a tone and an icon."""
