"""A small LSP client for the commands and benchmarks that talk to a server."""
