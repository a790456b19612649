"""X, y and weights in; chances and amounts out. Knows no firm and no law."""
