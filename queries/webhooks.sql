-- name: AddWebhook :exec
INSERT INTO notification_pending_webhooks (id, session_id, client_id, url, event, attempt, sealed_body, tries,
    next_attempt, lease_until, last_outcome, created_at, delivered_at, dead_at)
VALUES (@id, @session_id, @client_id, @url, @event, @attempt, @sealed_body, @tries,
    @next_attempt, @lease_until, @last_outcome, @created_at, NULL, NULL);

-- name: GetWebhook :one
SELECT * FROM notification_pending_webhooks WHERE id = @id;

-- name: ListWebhooks :many
SELECT * FROM notification_pending_webhooks
WHERE (CAST(sqlc.narg('client_id') AS text) IS NULL OR client_id = sqlc.narg('client_id'))
  AND (CAST(@dead_only AS boolean) = false OR dead_at IS NOT NULL)
ORDER BY id DESC LIMIT CAST(@n AS bigint);

-- name: RescheduleWebhook :execrows
UPDATE notification_pending_webhooks
SET tries = @tries, next_attempt = @next_attempt, last_outcome = @last_outcome, dead_at = @dead_at, lease_until = NULL
WHERE id = @id AND lease_until = CAST(sqlc.arg('lease') AS timestamptz);

-- name: ReplayWebhook :execrows
UPDATE notification_pending_webhooks
SET tries = 0, next_attempt = @next_attempt, delivered_at = NULL, dead_at = NULL, lease_until = NULL
WHERE id = @id;

-- name: HoldWebhooks :execrows
UPDATE notification_pending_webhooks SET next_attempt = NULL, last_outcome = @last_outcome
WHERE client_id = @client_id AND delivered_at IS NULL AND dead_at IS NULL AND lease_until IS NULL;

-- name: ReleaseWebhooks :execrows
UPDATE notification_pending_webhooks SET next_attempt = CAST(sqlc.arg('at') AS timestamptz)
WHERE client_id = @client_id AND delivered_at IS NULL AND dead_at IS NULL AND next_attempt IS NULL;

-- name: ReleaseStrandedWebhooks :execrows
UPDATE notification_pending_webhooks SET next_attempt = CAST(sqlc.arg('at') AS timestamptz)
WHERE delivered_at IS NULL AND dead_at IS NULL AND next_attempt IS NULL
  AND client_id IN (SELECT c.id FROM clients c
    WHERE c.webhook_url <> '' AND c.webhook_disabled_at IS NULL AND c.disabled_at IS NULL);

-- name: GiveUpHeldWebhooks :execrows
UPDATE notification_pending_webhooks SET dead_at = CAST(sqlc.arg('now') AS timestamptz)
WHERE delivered_at IS NULL AND dead_at IS NULL AND next_attempt IS NULL AND created_at < @before;

-- name: DeferWebhooks :execrows
UPDATE notification_pending_webhooks SET next_attempt = CAST(sqlc.arg('until') AS timestamptz)
WHERE client_id = @client_id AND next_attempt < CAST(sqlc.arg('until') AS timestamptz) AND lease_until IS NULL;

-- name: CountWebhooks :one
SELECT CAST((SELECT count(*) FROM notification_pending_webhooks p WHERE p.next_attempt IS NOT NULL) AS bigint) AS pending,
    CAST((SELECT count(*) FROM notification_pending_webhooks d WHERE d.dead_at IS NOT NULL) AS bigint) AS dead,
    CAST((SELECT count(*) FROM notification_pending_webhooks h
        WHERE h.next_attempt IS NULL AND h.dead_at IS NULL AND h.delivered_at IS NULL) AS bigint) AS held;

-- name: PurgeWebhooks :execrows
DELETE FROM notification_pending_webhooks WHERE notification_pending_webhooks.id IN (
    SELECT w.id FROM notification_pending_webhooks w
    WHERE w.id < @before AND (w.delivered_at < @finished_before OR w.dead_at < @dead_before)
    ORDER BY w.id LIMIT CAST(@n AS bigint));

-- name: EndWebhookLeases :execrows
UPDATE notification_pending_webhooks SET lease_until = NULL WHERE next_attempt IS NOT NULL AND lease_until IS NOT NULL;
