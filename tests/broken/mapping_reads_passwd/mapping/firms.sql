SELECT column0 AS firm_id FROM read_csv('/etc/passwd', header = false)
