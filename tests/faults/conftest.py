"""The tiny real model of the model store's tests."""

from tests.engine.models.conftest import gguf_file, tiny

__all__ = ["gguf_file", "tiny"]
