SELECT 'I1' AS inspection_id, firm_id, DATE '2021-05-04' AS inspected_on
FROM read_csv('qiye.csv', all_varchar = true) WHERE name = '北京食品有限公司'
