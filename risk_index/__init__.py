"""From chances and amounts to a ranked list: index, reasons, tiers, frequency."""

__version__ = "0.1.0"
