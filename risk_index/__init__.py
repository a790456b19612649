"""From risk to a frequency of inspection: index, tiers, draw, reasons, audit."""

__version__ = "0.1.0"
