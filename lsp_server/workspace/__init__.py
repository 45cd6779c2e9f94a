"""The user's other files: recent files, changes on disk, context for the model."""
