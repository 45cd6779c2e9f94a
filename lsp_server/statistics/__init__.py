"""What became of suggestions: counted, kept and summed up."""
