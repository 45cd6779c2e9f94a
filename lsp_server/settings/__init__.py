"""Settings: their model, their schema and the layers they come from."""
