"""The audit's own error rates: worlds in which it is known which inputs are proxies."""
