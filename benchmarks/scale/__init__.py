"""Larger and larger registries ranked in one process."""
