SELECT * FROM read_csv('https://example.org/firms.csv')
