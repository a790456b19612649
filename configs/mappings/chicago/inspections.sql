-- Routine (canvass) inspections with their outcome, and from the inspectors' log the complaint and
-- re-inspection visits, whose outcome is not in the source. Canvass visits of the log are the same
-- events as the inspections and are dropped.
WITH canvass AS (
    SELECT DISTINCT inspection_id, firm_id, inspection_date, inspector_group, n_critical
    FROM read_csv('**/inspections.csv.gz', all_varchar = true, union_by_name = true)
),
citations AS (  -- distinct codes: n_citations above 1 comes from the city's splitting of texts
    SELECT
        inspection_id,
        count(DISTINCT violation_code) FILTER (WHERE severity = 'minor') AS n_minor,
        count(DISTINCT violation_code) FILTER (WHERE severity = 'serious') AS n_serious,
        count(DISTINCT violation_code) FILTER (WHERE severity = 'critical') AS n_critical
    FROM read_csv('**/violations.csv.gz', all_varchar = true, union_by_name = true)
    GROUP BY inspection_id
),
visits AS (
    SELECT
        firm_id,
        visit_date,
        CASE WHEN purpose ILIKE '%re-inspection%' THEN 'follow_up' ELSE 'complaint' END AS selection,
        min(inspector_group) AS inspector_group
    FROM read_csv('**/visits.csv.gz', all_varchar = true, union_by_name = true)
    WHERE (purpose ILIKE '%complaint%' OR purpose ILIKE '%food poisoning%' OR purpose = 'Canvass Re-Inspection')
      AND firm_id IN (
          SELECT firm_id FROM read_csv('**/firms.csv.gz', all_varchar = true, union_by_name = true))
    GROUP BY ALL
)
SELECT
    inspection_id,
    firm_id,
    TRY_CAST(inspection_date AS DATE) AS inspected_on,
    'routine' AS selection,
    inspector_group AS inspector_id,
    CAST(TRY_CAST(canvass.n_critical AS INTEGER) > 0 AS INTEGER) AS violation,
    CAST(coalesce(citations.n_minor, 0) + 3 * coalesce(citations.n_serious, 0)
        + 10 * coalesce(citations.n_critical, 0) AS DOUBLE) AS harm
FROM canvass
LEFT JOIN citations USING (inspection_id)
UNION ALL
SELECT
    concat('visit-', firm_id, '-', visit_date, '-', selection) AS inspection_id,
    firm_id,
    TRY_CAST(visit_date AS DATE) AS inspected_on,
    selection,
    inspector_group AS inspector_id,
    CAST(NULL AS INTEGER) AS violation,
    CAST(NULL AS DOUBLE) AS harm
FROM visits
