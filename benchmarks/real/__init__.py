"""Real registries, judged on what came after, beside simple rivals."""
