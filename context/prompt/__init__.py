"""Prompts: anchored, budgeted, in the layout of the model's family."""
