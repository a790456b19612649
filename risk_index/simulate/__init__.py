"""Policies of inspection compared over seasons of the synthetic registry, on common random numbers."""
