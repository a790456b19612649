-- One version per premises, known from its first inspection on: the extract has no opening date, and a
-- premises that nobody had visited by the as-of date is not proved to have existed.
-- Name, type and place are values at export. min_inspections_per_year is not read (see mapping.yaml).
SELECT
    establishment_id AS firm_id,
    arg_max(establishment_name, inspection_date) AS name,
    -- A path: 'Child Care - Catered' lies under Child Care; a slash in a name is no level.
    arg_max(
        replace(regexp_replace(establishment_type, '\s*/\s*', ' or ', 'g'), ' - ', '/'),
        inspection_date) AS sector,
    -- South-west corner of a cell of 0.05 by 0.05 degrees (about 5.5 by 4 km).
    arg_max(
        printf('N%.2f W%.2f',
            floor(TRY_CAST(latitude AS DOUBLE) / 0.05) * 0.05,
            -floor(TRY_CAST(longitude AS DOUBLE) / 0.05) * 0.05),
        inspection_date) AS region,
    min(TRY_CAST(inspection_date AS DATE)) AS recorded_on
FROM read_csv('dinesafe_*.csv.gz', all_varchar = true, union_by_name = true)
GROUP BY establishment_id
