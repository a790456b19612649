SELECT * FROM read_csv('qiye.csv', all_varchar = true)
