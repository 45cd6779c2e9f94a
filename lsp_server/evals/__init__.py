"""Whether suggestions are right: fill-in-the-middle sets through midfill's own pipeline."""
