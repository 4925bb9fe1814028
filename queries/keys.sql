-- name: ListSigningKeys :many
SELECT * FROM signing_keys ORDER BY algorithm, generation;

-- name: AddSigningKey :execrows
INSERT INTO signing_keys (id, algorithm, generation, sealed, public, created_at, signs_from)
VALUES (@id, @algorithm, @generation, @sealed, @public, @created_at, @signs_from)
ON CONFLICT (algorithm, generation) DO NOTHING;

-- name: DeleteSigningKey :execrows
DELETE FROM signing_keys WHERE id = @id;

-- name: AddServerSecret :execrows
INSERT INTO server_secrets (name, sealed) VALUES (@name, @sealed) ON CONFLICT (name) DO NOTHING;

-- name: GetServerSecret :one
SELECT sealed FROM server_secrets WHERE name = @name;

-- name: UseAssertion :execrows
INSERT INTO used_assertions (key, expires_at) VALUES (@key, @expires_at) ON CONFLICT (key) DO NOTHING;

-- name: PurgeAssertions :execrows
DELETE FROM used_assertions WHERE expires_at <= CAST(sqlc.arg('before') AS timestamptz);
