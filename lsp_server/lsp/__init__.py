"""The protocol side: handlers translate between LSP and a session."""
