"""The engine in its own process, shared by all servers with the same model."""
