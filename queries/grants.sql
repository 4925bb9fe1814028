-- name: CreateGrant :exec
INSERT INTO grants (id, session_id, client_id, subject, scope, sealed_claims, created_at, expires_at, revoked_at,
    claims, sealed_request, account_id, consent, once, refresh_until, method)
VALUES (@id, @session_id,
    (SELECT s.client_id FROM verification_sessions s WHERE s.id = @session_id), @subject,
    (SELECT CASE WHEN s.granted_scope <> '' THEN s.granted_scope ELSE s.scope END FROM verification_sessions s WHERE s.id = @session_id),
    (SELECT s.sealed_claims FROM verification_sessions s WHERE s.id = @session_id), @created_at, @expires_at, NULL,
    (SELECT s.claims FROM verification_sessions s WHERE s.id = @session_id),
    (SELECT s.sealed_request FROM verification_sessions s WHERE s.id = @session_id),
    (SELECT s.account_id FROM verification_sessions s WHERE s.id = @session_id),
    (SELECT s.consent FROM verification_sessions s WHERE s.id = @session_id), @once, @refresh_until,
    (SELECT s.method FROM verification_sessions s WHERE s.id = @session_id));

-- name: CreateToken :exec
INSERT INTO tokens (id, grant_id, kind, hash, created_at, expires_at, revoked_at, scope, issued_with)
VALUES (@id, @grant_id, @kind, @hash, @created_at, @expires_at, NULL, @scope, @issued_with);

-- name: GetToken :one
SELECT t.id, t.grant_id, t.kind, t.hash, t.created_at, t.expires_at, t.revoked_at,
    t.scope AS token_scope, t.rotated_at, t.successor_id, t.issued_with,
    g.session_id, g.client_id, g.subject, g.scope, g.sealed_claims,
    g.created_at AS granted_at, g.expires_at AS grant_expires_at, g.revoked_at AS grant_revoked_at,
    g.claims, g.sealed_request, g.account_id, g.consent, g.once, g.refresh_until, g.method,
    c.disabled_at
FROM tokens t JOIN grants g ON g.id = t.grant_id JOIN clients c ON c.id = g.client_id
WHERE t.id = @id;

-- name: RotateToken :execrows
UPDATE tokens SET rotated_at = CAST(sqlc.arg('now') AS timestamptz), successor_id = @successor_id
WHERE id = @id AND rotated_at IS NULL AND revoked_at IS NULL AND expires_at > CAST(sqlc.arg('now') AS timestamptz);

-- name: RevokeToken :execrows
UPDATE tokens SET revoked_at = @revoked_at WHERE id = @id AND revoked_at IS NULL;

-- name: CountRefreshTokens :one
SELECT count(*) FROM tokens
WHERE grant_id = @grant_id AND kind = 'refresh token' AND revoked_at IS NULL AND rotated_at IS NULL
  AND expires_at > CAST(sqlc.arg('now') AS timestamptz);

-- name: GetGrant :one
SELECT * FROM grants WHERE id = @id;

-- name: GetGrantOfSession :one
SELECT * FROM grants WHERE session_id = @session_id;

-- name: ListGrantsOfAccount :many
SELECT * FROM grants
WHERE account_id = @account_id AND account_id IS NOT NULL AND revoked_at IS NULL
  AND expires_at > CAST(sqlc.arg('now') AS timestamptz)
ORDER BY id DESC LIMIT CAST(@n AS bigint);

-- name: RevokeGrant :execrows
UPDATE grants SET revoked_at = @revoked_at, sealed_claims = NULL, sealed_request = NULL
WHERE id = @id AND revoked_at IS NULL;

-- name: PurgeGrants :execrows
DELETE FROM grants WHERE grants.id IN (
    SELECT g.id FROM grants g WHERE g.expires_at <= @before ORDER BY g.expires_at LIMIT CAST(@n AS bigint));

-- name: PurgeTokens :execrows
DELETE FROM tokens WHERE tokens.id IN (
    SELECT t.id FROM tokens t WHERE t.expires_at <= @before ORDER BY t.expires_at LIMIT CAST(@n AS bigint));
