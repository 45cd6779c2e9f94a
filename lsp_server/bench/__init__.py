"""Benchmarks that anyone can run; latency apart from quality."""
