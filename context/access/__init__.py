"""Which files may be read, and reading them."""
