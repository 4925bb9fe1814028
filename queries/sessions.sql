-- name: CreateSession :exec
INSERT INTO verification_sessions (id, client_id, method, nonce_hash, status,
    redirect_uri, state, scope, code_challenge, browser_hash,
    request_id, verification_url, verification_deeplink, verification_ends_at,
    attempts, checks, next_check, lease_until, sealed_claims, error_code,
    created_at, authorized_at, verified_at, finished_at, expires_at, updated_at, version,
    claims, response_mode, sealed_request, consent, granted_scope, account_id, login_after, sealed_hint)
VALUES (@id, @client_id, @method, @nonce_hash, @status,
    @redirect_uri, @state, @scope, @code_challenge, @browser_hash,
    @request_id, @verification_url, @verification_deeplink, @verification_ends_at,
    @attempts, @checks, @next_check, @lease_until, @sealed_claims, @error_code,
    @created_at, @authorized_at, @verified_at, @finished_at, @expires_at, @updated_at, @version,
    @claims, @response_mode, @sealed_request, @consent, @granted_scope, @account_id, @login_after, @sealed_hint);

-- name: GetSession :one
SELECT * FROM verification_sessions WHERE id = @id;

-- name: GetSessionByRequest :one
SELECT * FROM verification_sessions WHERE request_id = @request_id AND request_id <> '' AND status = 'authorized';

-- name: SaveSession :execrows
UPDATE verification_sessions SET status = @status,
    redirect_uri = @redirect_uri, state = @state, scope = @scope, code_challenge = @code_challenge,
    browser_hash = @browser_hash,
    request_id = @request_id, verification_url = @verification_url,
    verification_deeplink = @verification_deeplink, verification_ends_at = @verification_ends_at,
    attempts = @attempts, checks = @checks, next_check = @next_check, lease_until = @lease_until,
    sealed_claims = @sealed_claims, error_code = @error_code,
    authorized_at = @authorized_at, verified_at = @verified_at, finished_at = @finished_at,
    expires_at = @expires_at, updated_at = @updated_at, version = version + 1,
    claims = @claims, response_mode = @response_mode, sealed_request = @sealed_request, consent = @consent,
    granted_scope = @granted_scope, account_id = @account_id, login_after = @login_after,
    method = @method, sealed_hint = @sealed_hint
WHERE id = @id AND version = @version;

-- name: HoldOpenSession :execrows
UPDATE verification_sessions SET updated_at = CAST(sqlc.arg('now') AS timestamptz)
WHERE id = @id AND status = 'authorized' AND version = @version;

-- name: ScheduleSession :execrows
UPDATE verification_sessions SET next_check = @next_check, checks = @checks, lease_until = NULL
WHERE id = @id AND version = @version AND lease_until = CAST(sqlc.arg('lease') AS timestamptz);

-- name: HastenSession :execrows
UPDATE verification_sessions SET next_check = CAST(sqlc.arg('by') AS timestamptz)
WHERE id = @id AND status = 'authorized' AND next_check > CAST(sqlc.arg('by') AS timestamptz);

-- name: ClaimSession :many
UPDATE verification_sessions SET lease_until = CAST(sqlc.arg('lease') AS timestamptz)
WHERE id = @id AND status = 'authorized' AND (lease_until IS NULL OR lease_until <= CAST(sqlc.arg('now') AS timestamptz))
RETURNING *;

-- name: ClaimSessionByRequest :many
UPDATE verification_sessions SET lease_until = CAST(sqlc.arg('lease') AS timestamptz)
WHERE request_id = @request_id AND request_id <> '' AND status = 'authorized'
  AND (lease_until IS NULL OR lease_until <= CAST(sqlc.arg('now') AS timestamptz))
RETURNING *;

-- name: HoldSession :execrows
UPDATE verification_sessions SET lease_until = NULL WHERE id = @id AND status = 'verified';

-- name: CompleteSession :execrows
UPDATE verification_sessions SET status = 'completed', sealed_claims = NULL, sealed_hint = NULL, next_check = NULL, lease_until = NULL,
    finished_at = CAST(sqlc.arg('now') AS timestamptz), updated_at = CAST(sqlc.arg('now') AS timestamptz), version = version + 1
WHERE id = @id AND status = 'verified';

-- name: ListSessions :many
SELECT * FROM verification_sessions
WHERE (CAST(sqlc.narg('client_id') AS text) IS NULL OR client_id = sqlc.narg('client_id'))
  AND (CAST(sqlc.narg('status') AS text) IS NULL OR status = sqlc.narg('status'))
ORDER BY id DESC LIMIT CAST(@n AS bigint);

-- name: CountOpenSessions :many
SELECT client_id, count(*) AS open FROM verification_sessions
WHERE next_check IS NOT NULL GROUP BY client_id;

-- name: CountSessionsByStatus :many
SELECT status, count(*) AS n FROM verification_sessions WHERE next_check IS NOT NULL GROUP BY status;

-- name: PurgeSessions :execrows
DELETE FROM verification_sessions WHERE verification_sessions.id IN (
    SELECT s.id FROM verification_sessions s
    WHERE s.id < @before AND s.next_check IS NULL AND s.finished_at < @finished_before
      AND (s.status NOT IN ('failed', 'expired') OR s.expires_at < @finished_before)
    ORDER BY s.id LIMIT CAST(@n AS bigint));

-- name: EndSessionLeases :execrows
UPDATE verification_sessions SET lease_until = NULL WHERE next_check IS NOT NULL AND lease_until IS NOT NULL;

-- name: EndSessionsOfAccount :execrows
UPDATE verification_sessions SET status = 'expired', error_code = 'expired', sealed_claims = NULL, sealed_request = NULL,
    next_check = NULL, lease_until = NULL, finished_at = CAST(sqlc.arg('now') AS timestamptz),
    updated_at = CAST(sqlc.arg('now') AS timestamptz), version = version + 1
WHERE account_id = @account_id AND account_id IS NOT NULL AND status IN ('authorized', 'verified');
