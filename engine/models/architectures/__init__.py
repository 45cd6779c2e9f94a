"""Decoder architectures, as CTranslate2 builds them."""
