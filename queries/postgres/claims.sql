-- Claiming needs row locks that are skipped by others, a word that SQLite does
-- not have and with one writer does not need. The locking SELECT stands in a
-- materialized CTE, so that the planner runs it once.

-- name: ClaimDueSessions :many
WITH due AS MATERIALIZED (
    SELECT s.id FROM verification_sessions s
    WHERE s.next_check <= CAST(sqlc.arg('now') AS timestamptz)
      AND (s.lease_until IS NULL OR s.lease_until <= CAST(sqlc.arg('now') AS timestamptz))
    ORDER BY s.next_check LIMIT CAST(@n AS bigint) FOR UPDATE SKIP LOCKED)
UPDATE verification_sessions v SET lease_until = CAST(sqlc.arg('lease') AS timestamptz)
FROM due WHERE v.id = due.id
RETURNING v.*;

-- name: ClaimDueWebhooks :many
WITH due AS MATERIALIZED (
    SELECT w.id FROM notification_pending_webhooks w
    WHERE w.next_attempt <= CAST(sqlc.arg('now') AS timestamptz)
      AND (w.lease_until IS NULL OR w.lease_until <= CAST(sqlc.arg('now') AS timestamptz))
    ORDER BY w.next_attempt LIMIT CAST(@n AS bigint) FOR UPDATE SKIP LOCKED)
UPDATE notification_pending_webhooks v SET lease_until = CAST(sqlc.arg('lease') AS timestamptz)
FROM due WHERE v.id = due.id
RETURNING v.*;

-- name: FinishWebhooks :execrows
UPDATE notification_pending_webhooks
SET delivered_at = CAST(sqlc.arg('now') AS timestamptz), tries = tries + 1, last_outcome = 'delivered',
    next_attempt = NULL, lease_until = NULL
WHERE lease_until = CAST(sqlc.arg('lease') AS timestamptz) AND id = ANY(CAST(@ids AS uuid[]));

-- name: ClaimDueMessages :many
WITH due AS MATERIALIZED (
    SELECT c.session_id FROM tan_challenges c
    WHERE c.next_try <= CAST(sqlc.arg('now') AS timestamptz) AND c.method = CAST(@method AS text)
      AND (c.lease_until IS NULL OR c.lease_until <= CAST(sqlc.arg('now') AS timestamptz))
    ORDER BY c.next_try LIMIT CAST(@n AS bigint) FOR UPDATE SKIP LOCKED)
UPDATE tan_challenges v SET lease_until = CAST(sqlc.arg('lease') AS timestamptz)
FROM due WHERE v.session_id = due.session_id
RETURNING v.*;
