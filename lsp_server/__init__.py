"""The language server: editors on one side, prompts and the engine on the other."""
