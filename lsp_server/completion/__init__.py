"""From a snapshot to a suggestion: the pipeline and what it is made of."""
