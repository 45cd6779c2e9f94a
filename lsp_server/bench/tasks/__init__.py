"""Task files: what is typed, filled or edited in a benchmark."""
