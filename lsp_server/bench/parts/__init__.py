"""The speed of single parts: mirror, answers, similar code, sharing."""
