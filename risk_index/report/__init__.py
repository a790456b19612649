"""The report: one HTML file of a fit, its ranking, its audit and what moved since an earlier run."""
