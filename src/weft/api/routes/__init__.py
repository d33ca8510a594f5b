"""One module per group of nouns."""
