"""The model's life after a fit: gates between challenger and champion, and the log of decisions."""
