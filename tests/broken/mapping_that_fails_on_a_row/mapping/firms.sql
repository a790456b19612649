SELECT firm_id, CAST(name AS INTEGER) AS employees FROM 'data.csv'
