"""Lists of people as files: what a file is, how it is read, which column is what, what is mended and kept."""
