SELECT * FROM 'dta.csv'
