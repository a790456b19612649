"""A firm's page: its index, what counts and how much, the records behind it, how to object."""
