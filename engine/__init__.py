"""Models and inference: one engine at a time, on its own thread. Knows no editor."""
