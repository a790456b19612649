"""The fairness audit: which inputs stand in for an audited attribute, and how sure that is."""
