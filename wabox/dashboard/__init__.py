"""The pages a shop owner sees, one file a section."""
