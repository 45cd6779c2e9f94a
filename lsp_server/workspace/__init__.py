"""The user's other files: what was used recently, what changed on disk, what is worth showing the model."""
