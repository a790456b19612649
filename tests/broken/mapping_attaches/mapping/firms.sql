ATTACH 'other.duckdb'
