-- The features of the catalogue by hand; what a firm without such events has, is filled in around it.
-- $as_of is the date, guide(code, hazard_class, kinds) the industries; rates.sql has made sector_rates
-- and region_rates.
WITH
known AS (
    SELECT * FROM firms
    WHERE recorded_on <= $as_of AND (superseded_on IS NULL OR superseded_on > $as_of)
),
spine AS (
    SELECT * FROM known
    WHERE (closed_on IS NULL OR closed_on > $as_of) AND (registered_on IS NULL OR registered_on <= $as_of)
),
details AS (
    SELECT
        firm_key, recorded_on,
        row_number() OVER versions > 1 AS is_later,
        name <> lag(name) OVER versions AS renamed,
        region <> lag(region) OVER versions AS moved,
        sector <> lag(sector) OVER versions AS new_sector
    FROM firms
    WINDOW versions AS (PARTITION BY firm_key ORDER BY recorded_on)
),
changed AS (
    SELECT
        firm_key,
        count(*) FILTER (age < 1095) AS changes_3y,
        count(*) FILTER (age < 1095 AND renamed) AS renamed_3y,
        count(*) FILTER (age < 1095 AND moved) AS moved_3y,
        count(*) FILTER (age < 1095 AND new_sector) AS new_sector_3y,
        min(age) AS days_since_change
    FROM (SELECT *, $as_of - recorded_on AS age FROM details WHERE is_later AND recorded_on <= $as_of)
    GROUP BY firm_key
),
decisions AS (  -- where platforms differ, what is best for the firm
    SELECT firm_key, authority, category, gravity, fine, statutory_max, decided_on, repaired_on, revoked_on
    FROM penalties WHERE recorded_on <= $as_of AND NOT recorded_again
    UNION ALL
    SELECT
        firm_key, arg_min(authority, (recorded_on, penalty_id)), arg_min(category, (recorded_on, penalty_id)),
        ['minor', 'moderate', 'serious'][min(list_position(['minor', 'moderate', 'serious'], gravity))],
        min(fine), max(statutory_max), min(decided_on), min(repaired_on), min(revoked_on)
    FROM penalties WHERE recorded_on <= $as_of AND recorded_again
    GROUP BY firm_key, number
),
in_force AS (
    SELECT *, least(fine / statutory_max, 1) AS of_maximum,
        CASE WHEN registered_capital > 0
            THEN least(ln(1 + fine / registered_capital) / ln(1.05), 1) END AS of_capital,
        coalesce((of_maximum + of_capital) / 2, of_maximum, of_capital,
            CASE gravity WHEN 'minor' THEN 0.1 WHEN 'moderate' THEN 0.4 ELSE 1 END) AS weight
    FROM (
        SELECT
            p.* REPLACE (coalesce(p.gravity, 'moderate') AS gravity), k.registered_capital,
            $as_of - decided_on AS age
        FROM decisions p LEFT JOIN known k USING (firm_key)
        WHERE decided_on <= $as_of
            AND (repaired_on IS NULL OR repaired_on > $as_of)
            AND (revoked_on IS NULL OR revoked_on > $as_of)
    )
    WHERE age < CASE gravity WHEN 'minor' THEN 90 WHEN 'moderate' THEN 365 ELSE 1095 END
),
penalised AS (
    SELECT
        firm_key,
        count(*) AS penalties_in_force,
        count(*) FILTER (age < 365) AS penalties_1y,
        count(*) FILTER (age < 90) AS penalties_90d,
        count(*) FILTER (gravity = 'minor') AS penalties_minor,
        count(*) FILTER (gravity = 'moderate') AS penalties_moderate,
        count(*) FILTER (gravity = 'serious') AS penalties_serious,
        least(sum(weight), 3) AS penalty_load,
        sum(weight * exp(-ln(2) * age / 45)) FILTER (gravity = 'minor') AS penalty_load_minor,
        sum(weight * exp(-ln(2) * age / 182)) FILTER (gravity = 'moderate') AS penalty_load_moderate,
        sum(weight * exp(-ln(2) * age / 547)) FILTER (gravity = 'serious') AS penalty_load_serious,
        max(weight) AS penalty_heaviest,
        sum(fine) AS fines_in_force,
        max(fine) AS fine_largest,
        avg(fine) AS fine_mean,
        min(age) AS days_since_penalty,
        min(age) FILTER (gravity = 'serious') AS days_since_serious_penalty,
        count(DISTINCT authority) AS penalty_authorities,
        count(DISTINCT category) AS penalty_categories
    FROM in_force
    GROUP BY firm_key
),
terms AS (
    SELECT
        *, $as_of - issued_on AS age,
        coalesce(status_changed_on, recorded_on) AS changed_on,
        CASE WHEN changed_on <= $as_of THEN coalesce(status, 'valid') ELSE 'valid' END AS state,
        CASE WHEN valid_to < $as_of THEN valid_to END AS over_on,
        least(over_on, CASE WHEN state = 'expired' THEN changed_on END) AS ended_on,
        state = 'valid' AND over_on IS NULL AS is_valid,
        max(if(is_valid, DATE '9999-12-31', coalesce(ended_on, changed_on))) OVER so_far AS covered_to,
        coalesce(lead(issued_on) OVER so_far, $as_of) - covered_to > 7 AND state IN ('valid', 'expired')
            AS let_lapse
    FROM permits
    WHERE recorded_on <= $as_of AND issued_on <= $as_of
    WINDOW so_far AS (
        PARTITION BY firm_key, kind ORDER BY issued_on, permit_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
needed AS (
    SELECT sector, g.hazard_class, g.kinds
    FROM (SELECT DISTINCT sector FROM firms) s
    JOIN guide g ON g.code IN (left(sector, 1), left(sector, 3), left(sector, 4), sector)
    QUALIFY row_number() OVER (PARTITION BY sector ORDER BY length(g.code) DESC) = 1
),
kinds AS (  -- what lapses, lapses by kind
    SELECT
        firm_key, kind,
        bool_or(is_valid) AS is_held,
        max(ended_on) AS last_ended_on,
        count(*) FILTER (is_valid) AS n_valid,
        count(*) AS n,
        count(*) FILTER (age < 365) AS n_new,
        count(*) FILTER (state = 'revoked' AND $as_of - changed_on < 1095) AS n_revoked,
        count(*) FILTER (state = 'suspended' AND $as_of - changed_on < 1095) AS n_suspended,
        count(*) FILTER (state = 'cancelled') AS n_cancelled,
        count(*) FILTER (let_lapse AND $as_of - covered_to < 1095) AS n_lapses,
        min(valid_to - $as_of) FILTER (is_valid) AS days_left,
        min(age) AS youngest,
        max(age) AS oldest
    FROM terms
    GROUP BY ALL
),
permitted AS (
    SELECT
        firm_key,
        sum(n_valid) AS permits_valid,
        count(*) FILTER (is_held) AS permit_kinds_valid,
        sum(n) AS permits_ever,
        sum(n_new) AS permits_new_1y,
        count(*) FILTER (NOT is_held AND last_ended_on IS NOT NULL) AS permit_kinds_lapsed,
        max($as_of - last_ended_on) FILTER (NOT is_held) AS permit_lapsed_days,
        sum(n_revoked) AS permits_revoked,
        sum(n_suspended) AS permits_suspended,
        sum(n_cancelled) AS permits_cancelled,
        sum(n_lapses) AS permit_lapses_3y,
        min(days_left) AS permit_days_left,
        min(youngest) AS permit_days_since_issue,
        max(oldest) AS permit_days_since_first,
        count(*) FILTER (is_held AND list_contains(needed.kinds, kind)) AS permits_required_held
    FROM kinds JOIN known USING (firm_key) LEFT JOIN needed USING (sector)
    GROUP BY firm_key
),
irregular AS (
    SELECT
        firm_key,
        count(*) AS irregularities,
        max($as_of - listed_on) AS irregularity_days,
        count(DISTINCT reason) AS irregularity_reasons,
        count(*) FILTER (reason = 'annual_report_not_filed') AS irregular_annual_report_not_filed,
        count(*) FILTER (reason = 'address_unreachable') AS irregular_address_unreachable,
        count(*) FILTER (reason = 'disclosure_missing') AS irregular_disclosure_missing,
        count(*) FILTER (reason = 'disclosure_false') AS irregular_disclosure_false
    FROM irregularities
    WHERE recorded_on <= $as_of AND listed_on <= $as_of AND (removed_on IS NULL OR removed_on > $as_of)
    GROUP BY firm_key
),
listed AS (
    SELECT
        firm_key,
        count(*) FILTER (colour = 'red') AS red_lists,
        max(age) FILTER (colour = 'red') AS red_list_days,
        count(*) FILTER (is_black) AS black_lists,
        min(age) FILTER (is_black) AS black_list_days,
        count(DISTINCT ground) FILTER (is_black) AS black_list_grounds,
        max(amount) FILTER (is_black) AS black_list_amount,
        count(*) FILTER (colour = 'black' AND NOT is_black) AS judgment_defaults
    FROM (
        SELECT
            *, $as_of - listed_on AS age,
            colour = 'black' AND ground IS DISTINCT FROM 'judgment_default' AS is_black
        FROM listings
        WHERE recorded_on <= $as_of AND listed_on <= $as_of AND (removed_on IS NULL OR removed_on > $as_of)
    )
    GROUP BY firm_key
),
visits AS (
    SELECT
        *, $as_of - inspected_on AS age,
        violation IS NOT NULL AND coalesce(selection NOT IN ('complaint', 'follow_up'), true) AS judged,
        judged AND violation = 1 AS hit,
        judged AND violation = 0 AS clean,
        CASE WHEN hit THEN coalesce(harm, 0) ELSE 0 END AS found,
        CASE WHEN judged THEN coalesce(harm, 0) ELSE 0 END AS seen
    FROM inspections
    WHERE recorded_on <= $as_of AND inspected_on <= $as_of
),
latest AS (
    SELECT
        firm_key,
        max(hit::INTEGER) FILTER (place = 1) AS outcome_1,
        max(hit::INTEGER) FILTER (place = 2) AS outcome_2,
        max(hit::INTEGER) FILTER (place = 3) AS outcome_3,
        max(seen) FILTER (place = 1) AS harm_1,
        max(seen) FILTER (place = 2) AS harm_2
    FROM (
        SELECT
            firm_key, hit, seen,
            row_number() OVER (
                PARTITION BY firm_key ORDER BY inspected_on DESC, inspection_id DESC) AS place
        FROM visits
        WHERE judged
    )
    GROUP BY firm_key
),
visited AS (
    SELECT
        firm_key,
        count(*) FILTER (judged) AS inspections,
        count(*) FILTER (hit) AS violations_found,
        sum(found) AS harm_found,
        sum(seen) AS harm_seen,
        count(*) FILTER (judged AND age < 365) AS inspections_1y,
        count(*) FILTER (judged AND age < 1095) AS inspections_3y,
        count(*) FILTER (hit AND age < 365) AS violations_1y,
        count(*) FILTER (hit AND age < 1095) AS violations_3y,
        sum(seen) FILTER (age < 365) AS harm_1y,
        max(found) AS harm_largest,
        sum(exp(-ln(2) * age / 182)) FILTER (judged) AS visits_182,
        sum(exp(-ln(2) * age / 182)) FILTER (hit) AS hits_182,
        sum(exp(-ln(2) * age / 182) * seen) AS harm_182,
        sum(exp(-ln(2) * age / 365)) FILTER (judged) AS visits_365,
        sum(exp(-ln(2) * age / 365)) FILTER (hit) AS hits_365,
        sum(exp(-ln(2) * age / 365) * seen) AS harm_365,
        sum(exp(-ln(2) * age / 730)) FILTER (judged) AS visits_730,
        sum(exp(-ln(2) * age / 730)) FILTER (hit) AS hits_730,
        sum(exp(-ln(2) * age / 730) * seen) AS harm_730,
        sum(exp(-ln(2) * age / 1460)) FILTER (judged) AS visits_1460,
        sum(exp(-ln(2) * age / 1460)) FILTER (hit) AS hits_1460,
        sum(exp(-ln(2) * age / 1460) * seen) AS harm_1460,
        min(age) FILTER (judged) AS days_since_inspection,
        min(age) AS days_since_visit,
        min(age) FILTER (hit) AS days_since_violation,
        min(age) FILTER (clean) AS days_since_clean,
        min(age) FILTER (clean AND selection = 'random') AS days_since_clean_random,
        count(*) FILTER (selection = 'random' AND age < 1095) AS random_inspections_3y,
        count(*) FILTER (selection = 'complaint' AND age < 365) AS complaint_visits_1y,
        count(*) FILTER (selection = 'complaint') AS complaint_visits,
        count(*) FILTER (selection = 'follow_up' AND age < 365) AS follow_ups_1y,
        count(*) FILTER (selection = 'follow_up') AS follow_ups
    FROM visits
    GROUP BY firm_key
),
own AS (
    SELECT
        s.firm_key, s.group_id,
        hazard_class, sector_rate, sector_harm, sector_harm_seen, wider_rate, section_rate,
        region_rate,
        $as_of - registered_on AS firm_age_days, registered_capital, employees,
        CASE size_class WHEN 'micro' THEN 1 WHEN 'small' THEN 2 WHEN 'medium' THEN 3 WHEN 'large' THEN 4 END
            AS size_class,
        coalesce(len(needed.kinds), 0) AS permits_required,
        changed.* EXCLUDE (firm_key), penalised.* EXCLUDE (firm_key), permitted.* EXCLUDE (firm_key),
        irregular.* EXCLUDE (firm_key), listed.* EXCLUDE (firm_key), visited.* EXCLUDE (firm_key),
        latest.* EXCLUDE (firm_key)
    FROM spine s
    LEFT JOIN needed USING (sector)
    JOIN places USING (firm_key)
    JOIN sector_rates r ON r.sector = s.sector AND r.firm_key = if(is_judged, s.firm_key, -1)
    JOIN region_rates g ON g.region = s.region AND g.firm_key = if(is_judged, s.firm_key, -1)
    LEFT JOIN changed USING (firm_key) LEFT JOIN penalised USING (firm_key)
    LEFT JOIN permitted USING (firm_key) LEFT JOIN irregular USING (firm_key)
    LEFT JOIN listed USING (firm_key) LEFT JOIN visited USING (firm_key) LEFT JOIN latest USING (firm_key)
),
filled AS (
    SELECT * REPLACE (
        coalesce(inspections, 0) AS inspections,
        coalesce(violations_found, 0) AS violations_found,
        coalesce(harm_found, 0) AS harm_found,
        coalesce(harm_seen, 0) AS harm_seen,
        coalesce(penalties_in_force, 0) AS penalties_in_force,
        coalesce(penalties_serious, 0) AS penalties_serious,
        coalesce(irregularities, 0) AS irregularities,
        coalesce(black_lists, 0) AS black_lists
    )
    FROM own
)
SELECT
    firm_key,
    coalesce(permits_required_held / nullif(permits_required, 0), CASE permits_required WHEN 0 THEN 1 ELSE 0 END)
        AS permit_coverage,
    (harm_found + 2 * sector_harm) / (violations_found + 2) AS harm_mean,
    (violations_found + 4 * sector_rate) / (inspections + 4) AS violation_rate,
    (coalesce(hits_182, 0) + 2 * sector_rate) / (coalesce(visits_182, 0) + 2) AS violation_rate_182d,
    (coalesce(harm_182, 0) + 2 * sector_harm_seen) / (coalesce(visits_182, 0) + 2) AS harm_rate_182d,
    (coalesce(hits_365, 0) + 2 * sector_rate) / (coalesce(visits_365, 0) + 2) AS violation_rate_365d,
    (coalesce(harm_365, 0) + 2 * sector_harm_seen) / (coalesce(visits_365, 0) + 2) AS harm_rate_365d,
    (coalesce(hits_730, 0) + 2 * sector_rate) / (coalesce(visits_730, 0) + 2) AS violation_rate_730d,
    (coalesce(harm_730, 0) + 2 * sector_harm_seen) / (coalesce(visits_730, 0) + 2) AS harm_rate_730d,
    (coalesce(hits_1460, 0) + 2 * sector_rate) / (coalesce(visits_1460, 0) + 2) AS violation_rate_1460d,
    (coalesce(harm_1460, 0) + 2 * sector_harm_seen) / (coalesce(visits_1460, 0) + 2) AS harm_rate_1460d,
    CASE WHEN group_id IS NULL THEN 0 ELSE count(*) OVER g - 1 END AS others,
    CASE WHEN group_id IS NULL THEN 0 ELSE sum(inspections) OVER g - inspections END AS others_inspections,
    CASE WHEN group_id IS NULL THEN 0 ELSE sum(violations_found) OVER g - violations_found END AS others_violations,
    (others_violations + 4 * sector_rate) / (others_inspections + 4) AS others_violation_rate,
    CASE WHEN group_id IS NULL THEN 0 ELSE sum(harm_seen) OVER g - harm_seen END AS others_harm,
    CASE WHEN group_id IS NULL THEN 0 ELSE sum(penalties_in_force) OVER g - penalties_in_force END AS others_penalties,
    CASE WHEN group_id IS NULL THEN 0 ELSE sum(penalties_serious) OVER g - penalties_serious END
        AS others_serious_penalties,
    CASE WHEN group_id IS NULL THEN 0 ELSE sum(irregularities) OVER g - irregularities END AS others_irregularities,
    CASE WHEN group_id IS NULL THEN 0 ELSE sum(black_lists) OVER g - black_lists END AS others_black_lists,
    COLUMNS(* EXCLUDE (firm_key, group_id))
FROM filled
WINDOW g AS (PARTITION BY group_id)
ORDER BY firm_key
