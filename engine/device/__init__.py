"""Where the model runs: which cards exist, which is usable, and its compute type."""
