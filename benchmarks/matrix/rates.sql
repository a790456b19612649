-- Rates of a sector and of a region along the code, from the outcomes of others: a row a code with firm -1,
-- which stands for all firms without an outcome of their own, and a row a firm that has one.
CREATE OR REPLACE TEMP MACRO shrunk(total, n, strength, wider) AS (total + strength * wider) / (n + strength);
CREATE OR REPLACE TEMP MACRO level(x, e, this) AS any_value(x) FILTER (e = this);
CREATE OR REPLACE TEMP TABLE judged AS  -- by sector and region as known when the visit was recorded
SELECT
    v.firm_key, f.sector, f.region,
    count(*) AS n, count(*) FILTER (violation = 1) AS y,
    coalesce(sum(harm) FILTER (violation = 1), 0) AS harm, count(harm) FILTER (violation = 1) AS n_harm,
    coalesce(sum(harm), 0) AS seen, count(harm) AS n_seen
FROM inspections v ASOF LEFT JOIN firms f ON v.firm_key = f.firm_key AND v.recorded_on >= f.recorded_on
WHERE v.recorded_on <= getvariable('as_of') AND violation IS NOT NULL
    AND coalesce(selection NOT IN ('complaint', 'follow_up'), true)
GROUP BY ALL;
CREATE OR REPLACE TEMP TABLE places AS
SELECT f.firm_key, sector, region, j.firm_key IS NOT NULL AS is_judged
FROM firms f LEFT JOIN (SELECT DISTINCT firm_key FROM judged) j USING (firm_key)
WHERE recorded_on <= getvariable('as_of') AND (superseded_on IS NULL OR superseded_on > getvariable('as_of'));
CREATE OR REPLACE TEMP TABLE sector_rates AS
WITH
ends AS (FROM (VALUES (0), (1), (3), (4), (5)) ends (e)),
parts AS (
    SELECT left(sector, e) AS part, sum(COLUMNS(j.* EXCLUDE (firm_key, sector, region)))
    FROM judged j CROSS JOIN ends GROUP BY part
),
own AS (
    SELECT firm_key, e, sum(COLUMNS(j.* EXCLUDE (firm_key, sector, region)))
    FROM judged j JOIN places p USING (firm_key) JOIN ends ON left(j.sector, e) = left(p.sector, e)
    GROUP BY firm_key, e
),
wanted AS (
    SELECT DISTINCT -1 AS firm_key, sector FROM places
    UNION ALL SELECT firm_key, sector FROM places WHERE is_judged
),
others AS (
    SELECT
        firm_key, w.sector, e,
        coalesce(a.n, 0) - coalesce(o.n, 0) AS n, coalesce(a.y, 0) - coalesce(o.y, 0) AS y,
        coalesce(a.harm, 0) - coalesce(o.harm, 0) AS harm,
        coalesce(a.n_harm, 0) - coalesce(o.n_harm, 0) AS n_harm,
        coalesce(a.seen, 0) - coalesce(o.seen, 0) AS seen,
        coalesce(a.n_seen, 0) - coalesce(o.n_seen, 0) AS n_seen
    FROM wanted w CROSS JOIN ends
    LEFT JOIN parts a ON a.part = left(w.sector, e) LEFT JOIN own o USING (firm_key, e)
)
SELECT
    firm_key, sector,
    (level(y, e, 0) + 0.5) / (level(n, e, 0) + 1) AS rate,
    shrunk(level(y, e, 1), level(n, e, 1), 20, rate) AS section_rate,
    shrunk(level(y, e, 3), level(n, e, 3), 20, section_rate) AS division_rate,
    shrunk(level(y, e, 4), level(n, e, 4), 20, division_rate) AS wider_rate,
    shrunk(level(y, e, 5), level(n, e, 5), 20, wider_rate) AS sector_rate,
    (level(harm, e, 0) + 1) / (level(n_harm, e, 0) + 1) AS harm_0,
    shrunk(level(harm, e, 1), level(n_harm, e, 1), 10, harm_0) AS harm_1,
    shrunk(level(harm, e, 3), level(n_harm, e, 3), 10, harm_1) AS harm_2,
    shrunk(level(harm, e, 4), level(n_harm, e, 4), 10, harm_2) AS harm_3,
    shrunk(level(harm, e, 5), level(n_harm, e, 5), 10, harm_3) AS sector_harm,
    (level(seen, e, 0) + 1) / (level(n_seen, e, 0) + 1) AS seen_0,
    shrunk(level(seen, e, 1), level(n_seen, e, 1), 20, seen_0) AS seen_1,
    shrunk(level(seen, e, 3), level(n_seen, e, 3), 20, seen_1) AS seen_2,
    shrunk(level(seen, e, 4), level(n_seen, e, 4), 20, seen_2) AS seen_3,
    shrunk(level(seen, e, 5), level(n_seen, e, 5), 20, seen_3) AS sector_harm_seen
FROM others GROUP BY firm_key, sector;
CREATE OR REPLACE TEMP TABLE region_rates AS
WITH
ends AS (FROM (VALUES (0), (2), (4), (6)) ends (e)),
parts AS (
    SELECT left(region, e) AS part, sum(n) AS n, sum(y) AS y FROM judged CROSS JOIN ends GROUP BY part
),
own AS (
    SELECT firm_key, e, sum(n) AS n, sum(y) AS y
    FROM judged j JOIN places p USING (firm_key) JOIN ends ON left(j.region, e) = left(p.region, e)
    GROUP BY firm_key, e
),
wanted AS (
    SELECT DISTINCT -1 AS firm_key, region FROM places
    UNION ALL SELECT firm_key, region FROM places WHERE is_judged
),
others AS (
    SELECT
        firm_key, w.region, e,
        coalesce(a.n, 0) - coalesce(o.n, 0) AS n, coalesce(a.y, 0) - coalesce(o.y, 0) AS y
    FROM wanted w CROSS JOIN ends
    LEFT JOIN parts a ON a.part = left(w.region, e) LEFT JOIN own o USING (firm_key, e)
)
SELECT
    firm_key, region,
    (level(y, e, 0) + 0.5) / (level(n, e, 0) + 1) AS rate,
    shrunk(level(y, e, 2), level(n, e, 2), 50, rate) AS province_rate,
    shrunk(level(y, e, 4), level(n, e, 4), 50, province_rate) AS city_rate,
    shrunk(level(y, e, 6), level(n, e, 6), 50, city_rate) AS region_rate
FROM others GROUP BY firm_key, region;
