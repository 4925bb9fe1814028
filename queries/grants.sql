-- name: CreateGrant :exec
INSERT INTO grants (id, session_id, client_id, subject, scope, sealed_claims, created_at, expires_at, revoked_at)
VALUES (@id, @session_id,
    (SELECT s.client_id FROM verification_sessions s WHERE s.id = @session_id), @subject,
    (SELECT s.scope FROM verification_sessions s WHERE s.id = @session_id),
    (SELECT s.sealed_claims FROM verification_sessions s WHERE s.id = @session_id), @created_at, @expires_at, NULL);

-- name: CreateToken :exec
INSERT INTO tokens (id, grant_id, kind, hash, created_at, expires_at, revoked_at)
VALUES (@id, @grant_id, @kind, @hash, @created_at, @expires_at, NULL);

-- name: GetToken :one
SELECT t.id, t.grant_id, t.kind, t.hash, t.created_at, t.expires_at, t.revoked_at,
    g.session_id, g.client_id, g.subject, g.scope, g.sealed_claims,
    g.created_at AS granted_at, g.expires_at AS grant_expires_at, g.revoked_at AS grant_revoked_at,
    c.disabled_at
FROM tokens t JOIN grants g ON g.id = t.grant_id JOIN clients c ON c.id = g.client_id
WHERE t.id = @id;

-- name: RevokeGrantOfSession :execrows
UPDATE grants SET revoked_at = @revoked_at, sealed_claims = NULL
WHERE session_id = @session_id AND revoked_at IS NULL;

-- name: PurgeGrants :execrows
DELETE FROM grants WHERE grants.id IN (
    SELECT g.id FROM grants g WHERE g.expires_at <= @before ORDER BY g.expires_at LIMIT CAST(@n AS bigint));
