-- The counterparts of queries/postgres/claims.sql: there is one writer, so
-- nothing has to be locked.

-- name: ClaimDueSessions :many
UPDATE verification_sessions SET lease_until = CAST(sqlc.arg('lease') AS timestamp)
WHERE verification_sessions.id IN (
    SELECT s.id FROM verification_sessions s
    WHERE s.next_check <= CAST(sqlc.arg('now') AS timestamp)
      AND (s.lease_until IS NULL OR s.lease_until <= CAST(sqlc.arg('now') AS timestamp))
    ORDER BY s.next_check LIMIT CAST(@n AS bigint))
RETURNING *;

-- name: ClaimDueWebhooks :many
UPDATE notification_pending_webhooks SET lease_until = CAST(sqlc.arg('lease') AS timestamp)
WHERE notification_pending_webhooks.id IN (
    SELECT w.id FROM notification_pending_webhooks w
    WHERE w.next_attempt <= CAST(sqlc.arg('now') AS timestamp)
      AND (w.lease_until IS NULL OR w.lease_until <= CAST(sqlc.arg('now') AS timestamp))
    ORDER BY w.next_attempt LIMIT CAST(@n AS bigint))
RETURNING *;

-- name: FinishWebhooks :execrows
UPDATE notification_pending_webhooks
SET delivered_at = CAST(sqlc.arg('now') AS timestamp), tries = tries + 1, last_outcome = 'delivered',
    next_attempt = NULL, lease_until = NULL
WHERE lease_until = CAST(sqlc.arg('lease') AS timestamp) AND id IN (sqlc.slice('ids'));

-- name: ClaimDueMessages :many
UPDATE tan_challenges SET lease_until = CAST(sqlc.arg('lease') AS timestamp)
WHERE tan_challenges.session_id IN (
    SELECT c.session_id FROM tan_challenges c
    WHERE c.next_try <= CAST(sqlc.arg('now') AS timestamp) AND c.method = CAST(@method AS text)
      AND (c.lease_until IS NULL OR c.lease_until <= CAST(sqlc.arg('now') AS timestamp))
    ORDER BY c.next_try LIMIT CAST(@n AS bigint))
RETURNING *;
