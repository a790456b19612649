-- Versions of each licensed site. The first is recorded when its first licence began (or, where that
-- is unknown, at its first visit or inspection); a further one at each inspection that found another
-- facility type or risk class.
WITH registry AS (
    SELECT *, TRY_CAST(first_license_date AS DATE) AS licensed_on
    FROM read_csv('**/firms.csv.gz', all_varchar = true, union_by_name = true)
    QUALIFY row_number() OVER (PARTITION BY firm_id ORDER BY first_canvass_date, address) = 1
),
inspected AS (  -- one row a day
    SELECT
        firm_id, TRY_CAST(inspection_date AS DATE) AS seen_on,
        concat_ws('/', 'Risk ' || risk_class,
            upper(left(trim(facility_type), 1))
                || replace(lower(substr(trim(facility_type), 2)), '/', ' and ')) AS sector
    FROM read_csv('**/inspections.csv.gz', all_varchar = true, union_by_name = true)
    WHERE risk_class IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY firm_id, inspection_date ORDER BY inspection_id DESC) = 1
),
compared AS (
    SELECT
        firm_id, seen_on, sector,
        lag(sector) OVER (PARTITION BY firm_id ORDER BY seen_on) AS sector_before,
        row_number() OVER (PARTITION BY firm_id ORDER BY seen_on) = 1 AS is_first
    FROM inspected
),
changes AS (
    SELECT * FROM compared WHERE sector IS DISTINCT FROM sector_before
),
first_visits AS (
    SELECT firm_id, min(TRY_CAST(visit_date AS DATE)) AS visited_on
    FROM read_csv('**/visits.csv.gz', all_varchar = true, union_by_name = true)
    GROUP BY firm_id
),
first_inspections AS (
    SELECT firm_id, min(seen_on) AS inspected_on FROM inspected GROUP BY firm_id
)
SELECT
    firm_id,
    registry.dba_name AS name,
    changes.sector,
    registry.community_area AS region,
    -- A date after the first inspection belongs to a later licence of the site.
    CASE WHEN licensed_on <= coalesce(inspected_on, licensed_on) THEN licensed_on END AS registered_on,
    registry.account_id AS group_id,
    CASE
        WHEN coalesce(changes.is_first, true)
            THEN least(coalesce(licensed_on, visited_on), inspected_on)
        ELSE changes.seen_on
    END AS recorded_on
FROM registry
LEFT JOIN changes USING (firm_id)
LEFT JOIN first_visits USING (firm_id)
LEFT JOIN first_inspections USING (firm_id)
