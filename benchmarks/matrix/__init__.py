"""The feature matrix of a whole registry: ours, pandas and DuckDB SQL side by side."""
