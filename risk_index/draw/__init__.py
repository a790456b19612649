"""The verifiable random draw: commit to a sampling frame, reveal a seed nobody chose, draw, prove.

The rule itself, byte by byte, is in docs/check-your-own-draw.md; the reasons are in decision 0011.
"""
