SELECT * FROM read_csv('../secret.csv')
