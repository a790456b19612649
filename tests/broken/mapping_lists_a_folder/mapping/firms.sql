SELECT file AS firm_id FROM glob('/etc/*')
