"""Model files: catalogue, download, conversion and the store on disk."""
