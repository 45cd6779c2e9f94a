"""Weights and tokenizers as they lie on disk: GGUF, Hugging Face, CTranslate2."""
