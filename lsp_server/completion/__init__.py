"""From a snapshot to a suggestion: the pipeline and its parts."""
