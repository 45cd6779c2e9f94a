"""Outcomes of suggestions: counted, stored and summed up."""
