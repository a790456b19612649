SELECT * FROM 'data.csv'; DROP TABLE firms
