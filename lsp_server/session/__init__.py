"""A session: one client's documents, settings and engine."""
