"""Where model files are downloaded from."""
