"""Candidates for the prompt from the user's other code."""
