"""Engines for benchmarks: paced, cached, with random weights."""
