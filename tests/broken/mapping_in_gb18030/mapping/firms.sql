SELECT *, '±±¾©' AS region FROM 'data.csv'
