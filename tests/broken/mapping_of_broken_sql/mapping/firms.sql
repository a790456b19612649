SELEC * FROM 'data.csv'
