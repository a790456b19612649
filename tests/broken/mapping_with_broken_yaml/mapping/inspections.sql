SELECT 'I1' AS inspection_id, 'F1' AS firm_id, DATE '2021-05-04' AS inspected_on
