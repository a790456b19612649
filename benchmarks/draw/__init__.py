"""The verifiable draw: seconds and memory beside a plain NumPy draw, and inclusion over many draws."""
