-- One row per inspection. The extract has one row per infraction, or one with empty severity when clean.
WITH lines AS (  -- whole lines never repeat within a file; DISTINCT guards against files that overlap
    SELECT DISTINCT
        establishment_id, inspection_id, TRY_CAST(inspection_date AS DATE) AS inspected_on,
        infraction_details, severity, action
    FROM read_csv('dinesafe_*.csv.gz', all_varchar = true, union_by_name = true)
),
visits AS (
    SELECT
        inspection_id,
        establishment_id AS firm_id,
        inspected_on,
        count(*) FILTER (WHERE severity = 'M') AS n_minor,
        count(*) FILTER (WHERE severity = 'S') AS n_significant,
        count(*) FILTER (WHERE severity = 'C') AS n_crucial
    FROM lines
    GROUP BY ALL
),
spaced AS (
    SELECT
        *,
        inspected_on - lag(inspected_on) OVER (
            PARTITION BY firm_id ORDER BY inspected_on, inspection_id) AS days_since_visit
    FROM visits
)
SELECT
    inspection_id,
    firm_id,
    inspected_on,
    CASE WHEN days_since_visit <= 30 THEN 'follow_up' ELSE 'routine' END AS selection,
    CAST(n_significant + n_crucial > 0 AS INTEGER) AS violation,
    CAST(n_minor + 3 * n_significant + 10 * n_crucial AS DOUBLE) AS harm
FROM spaced
