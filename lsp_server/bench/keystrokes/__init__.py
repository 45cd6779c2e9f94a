"""Keystrokes saved: a typist replays commits against a server."""
