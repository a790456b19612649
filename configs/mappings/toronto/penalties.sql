-- One penalty per infraction that ended in more than a notice to comply or a correction on the spot.
-- outcome and amount_fined come months later without a date, and are left out.
WITH lines AS (
    SELECT DISTINCT
        establishment_id, inspection_id, TRY_CAST(inspection_date AS DATE) AS decided_on,
        infraction_details, severity, action
    FROM read_csv('dinesafe_*.csv.gz', all_varchar = true, union_by_name = true)
    WHERE action IN ('Warning Letter', 'Ticket', 'Order', 'Summons', 'Closure Order',
                     'Summons and Health Hazard Order')
)
SELECT
    printf('%s-%d', inspection_id, row_number() OVER (
        PARTITION BY inspection_id ORDER BY action, infraction_details, severity)) AS penalty_id,
    establishment_id AS firm_id,
    decided_on,
    'Toronto Public Health' AS authority,
    'dinesafe' AS source,
    CASE
        WHEN infraction_details ILIKE '%muncipal code%' OR infraction_details ILIKE '%municipal code%'
            THEN 'licence and notices'
        WHEN regexp_matches(infraction_details, 'pest|insect|rodent|animal|vermin', 'i') THEN 'pests'
        WHEN regexp_matches(infraction_details, 'hazardous food|4C|60C|thermometer|temperature|refrigerat', 'i')
            THEN 'temperature'
        WHEN regexp_matches(infraction_details, 'contaminat|adulterat|rack|pallet|cover', 'i')
            THEN 'contamination'
        WHEN regexp_matches(infraction_details, 'handler|headgear|hand ?wash|soap|towel|clothing', 'i')
            THEN 'personal hygiene'
        WHEN regexp_matches(infraction_details, 'wash|saniti|clean|rinse|garbage', 'i') THEN 'sanitation'
        ELSE 'premises and equipment'
    END AS category,
    CASE action
        WHEN 'Warning Letter' THEN 'minor'
        WHEN 'Ticket' THEN 'minor'
        WHEN 'Order' THEN 'moderate'
        WHEN 'Summons' THEN 'moderate'
        ELSE 'serious'
    END AS gravity
FROM lines
