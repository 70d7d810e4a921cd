"""Finds rows by words of their texts: how a text is read, the index of older rows, and looking through both."""
