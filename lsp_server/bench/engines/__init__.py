"""Engines for benchmarks: paced, cached, random."""
