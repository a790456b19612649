-- Read the Parquet files; firms get numbers, their versions an end.
CREATE TABLE firm_keys AS
SELECT firm_id, (row_number() OVER (ORDER BY firm_id) - 1)::INTEGER AS firm_key
FROM (SELECT DISTINCT firm_id FROM read_parquet(getvariable('folder') || '/firms.parquet'));
CREATE TABLE firms AS
SELECT *, lead(recorded_on) OVER (PARTITION BY firm_key ORDER BY recorded_on) AS superseded_on
FROM read_parquet(getvariable('folder') || '/firms.parquet') JOIN firm_keys USING (firm_id);
CREATE TABLE penalties AS  -- number: whatever brackets a platform writes
SELECT
    * EXCLUDE (firm_id, decision_number), translate(decision_number, '〔〕', '[]') AS number,
    count(*) OVER (PARTITION BY firm_key, number) > 1 AS recorded_again
FROM read_parquet(getvariable('folder') || '/penalties.parquet') JOIN firm_keys USING (firm_id);
CREATE TABLE permits AS
SELECT * EXCLUDE (firm_id) FROM read_parquet(getvariable('folder') || '/permits.parquet') JOIN firm_keys USING (firm_id);
CREATE TABLE irregularities AS
SELECT * EXCLUDE (firm_id) FROM read_parquet(getvariable('folder') || '/irregularities.parquet') JOIN firm_keys USING (firm_id);
CREATE TABLE listings AS
SELECT * EXCLUDE (firm_id) FROM read_parquet(getvariable('folder') || '/listings.parquet') JOIN firm_keys USING (firm_id);
CREATE TABLE inspections AS
SELECT * EXCLUDE (firm_id) FROM read_parquet(getvariable('folder') || '/inspections.parquet') JOIN firm_keys USING (firm_id);
