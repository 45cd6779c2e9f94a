"""Mirrors of the open documents, and positions in them."""
