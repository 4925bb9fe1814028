-- name: PutCode :execrows
INSERT INTO authorization_codes (session_id, generation, hash, client_id, redirect_uri, state,
    code_challenge, scope, created_at, expires_at, used_at)
VALUES (@session_id, @generation, @hash, @client_id, @redirect_uri, @state,
    @code_challenge, @scope, @created_at, @expires_at, NULL)
ON CONFLICT (session_id) DO UPDATE SET generation = excluded.generation, hash = excluded.hash,
    redirect_uri = excluded.redirect_uri, state = excluded.state, code_challenge = excluded.code_challenge,
    scope = excluded.scope, created_at = excluded.created_at, expires_at = excluded.expires_at
WHERE authorization_codes.used_at IS NULL AND authorization_codes.generation < excluded.generation;

-- name: GetCode :one
SELECT * FROM authorization_codes WHERE session_id = @session_id;

-- name: RedeemCode :execrows
UPDATE authorization_codes SET used_at = CAST(sqlc.arg('now') AS timestamptz)
WHERE session_id = @session_id AND generation = @generation
  AND used_at IS NULL AND expires_at > CAST(sqlc.arg('now') AS timestamptz);

-- name: VoidCode :execrows
UPDATE authorization_codes SET used_at = CAST(sqlc.arg('now') AS timestamptz)
WHERE session_id = @session_id AND used_at IS NULL;

-- name: DropCode :execrows
DELETE FROM authorization_codes WHERE session_id = @session_id;
