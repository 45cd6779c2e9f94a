"""The engine in a process of its own, one for all servers that use the same model."""
