-- name: AddAudit :exec
INSERT INTO audit_events (at, actor, event, client_id, session_id)
VALUES (@at, @actor, @event, @client_id, @session_id);

-- name: ListAudit :many
SELECT * FROM audit_events WHERE session_id = @session_id ORDER BY id;

-- name: PurgeAudit :execrows
DELETE FROM audit_events WHERE audit_events.at < @before AND audit_events.id IN (
    SELECT a.id FROM audit_events a ORDER BY a.id LIMIT CAST(@n AS bigint));

-- name: AddKeyCheck :execrows
INSERT INTO key_checks (id, sealed) VALUES (1, @sealed) ON CONFLICT (id) DO NOTHING;

-- name: ReplaceKeyCheck :execrows
UPDATE key_checks SET sealed = @sealed WHERE id = 1 AND sealed = @kept;

-- name: GetKeyCheck :one
SELECT sealed FROM key_checks WHERE id = 1;
