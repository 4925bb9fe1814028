-- name: Count :one
INSERT INTO counts (key, n, since) VALUES (@key, 1, @since)
ON CONFLICT (key) DO UPDATE SET n = counts.n + 1
RETURNING n, since;

-- name: GetCount :one
SELECT n, since FROM counts WHERE key = @key;

-- name: ForgetOldCount :execrows
DELETE FROM counts WHERE key = @key AND since <= CAST(sqlc.arg('before') AS timestamptz);

-- name: ForgetCount :execrows
DELETE FROM counts WHERE key = @key;

-- name: PurgeCounts :execrows
DELETE FROM counts WHERE since <= CAST(sqlc.arg('before') AS timestamptz);
