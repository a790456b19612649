COPY (SELECT 1) TO 'stolen.csv'
