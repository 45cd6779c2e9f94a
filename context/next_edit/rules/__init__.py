"""One rule a module: what a change says about the rest of the code."""
