-- One row per licence term, recorded on the day an inspection first met it: a term is in the extract only
-- because some inspection matched it, so at its start nobody could have read it here. A cancellation or
-- revocation is a second version from its date on. valid_to is left empty (see mapping.yaml).
WITH terms AS (
    SELECT
        permit_id, firm_id,
        license_description AS kind,
        TRY_CAST(term_start AS DATE) AS issued_on,
        greatest(TRY_CAST(term_start AS DATE), TRY_CAST(first_linked_inspection AS DATE)) AS met_on,
        CASE WHEN status = 'cancelled' THEN 'cancelled' WHEN status LIKE 'revoked%' THEN 'revoked' END AS ended_as,
        TRY_CAST(status_change_date AS DATE) AS ended_on
    FROM read_csv('**/permits.csv.gz', all_varchar = true, union_by_name = true)
    QUALIFY row_number() OVER (
        PARTITION BY permit_id ORDER BY status_change_date NULLS LAST, first_linked_inspection) = 1
)
SELECT
    permit_id, firm_id, kind, issued_on,
    CAST(NULL AS DATE) AS valid_to,
    'valid' AS status,
    CAST(NULL AS DATE) AS status_changed_on,
    met_on AS recorded_on
FROM terms
WHERE ended_as IS NULL OR ended_on > met_on
UNION ALL
SELECT
    permit_id, firm_id, kind, issued_on,
    CAST(NULL AS DATE) AS valid_to,
    ended_as AS status,
    ended_on AS status_changed_on,
    greatest(ended_on, met_on) AS recorded_on
FROM terms
WHERE ended_as IS NOT NULL
