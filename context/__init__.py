"""What the model gets to see: documents, anchors, budgets and prompts. Pure and deterministic."""
