"""What the draw refuses, all of it for the user to mend."""

from __future__ import annotations

from risk_index.errors import UserError


class DrawError(UserError):
    """A round that cannot be committed, run, proved or replaced as asked."""


class FrameError(DrawError):
    """A sampling frame whose rows break a rule of its form."""
