"""The user's other files: recent ones, changes on disk, what the model is shown."""
