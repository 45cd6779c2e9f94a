"""`midfill bench edits`: real commits, hunk by hunk, and what was foreseen of them."""
