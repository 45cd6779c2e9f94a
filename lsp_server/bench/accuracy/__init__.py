"""Accuracy of completions on fill-in-the-middle tasks (`midfill eval`)."""
