"""The speed of a model against the limits of its machine."""
