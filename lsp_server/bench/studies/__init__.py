"""Studies behind design decisions: anchors, quantization, context, confidence."""
