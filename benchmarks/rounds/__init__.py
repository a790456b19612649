"""Rounds of inspection under several policies on the same luck: who carries the burden, what is found."""
