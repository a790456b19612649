"""The assignment of inspectors: seconds of a whole plan, and of its network by three solvers."""
