"""Whole bodies: somebody has written a signature, presses Enter and waits."""
