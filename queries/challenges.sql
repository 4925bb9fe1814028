-- name: GetChallenge :one
SELECT * FROM tan_challenges WHERE session_id = @session_id;

-- name: GetChallengeOfLetter :one
SELECT * FROM tan_challenges WHERE letter_hash = @letter_hash;

-- name: PutChallenge :execrows
INSERT INTO tan_challenges (session_id, client_id, method, attempt, sealed_address, address_hash, addresses, sends,
    tries, tan_hash, letter_hash, asked_at, next_send, expires_at, locked_at,
    sealed_message, next_try, lease_until, deliveries, delivery, updated_at, version)
VALUES (@session_id, @client_id, @method, @attempt, @sealed_address, @address_hash, @addresses, @sends,
    @tries, @tan_hash, @letter_hash, @asked_at, @next_send, @expires_at, @locked_at,
    @sealed_message, @next_try, @lease_until, @deliveries, @delivery, @updated_at, @version)
ON CONFLICT (session_id) DO UPDATE SET method = excluded.method, attempt = excluded.attempt,
    sealed_address = excluded.sealed_address, address_hash = excluded.address_hash, addresses = excluded.addresses,
    sends = excluded.sends, tries = excluded.tries, tan_hash = excluded.tan_hash, letter_hash = excluded.letter_hash,
    asked_at = excluded.asked_at, next_send = excluded.next_send, expires_at = excluded.expires_at,
    locked_at = excluded.locked_at, sealed_message = excluded.sealed_message, next_try = excluded.next_try,
    lease_until = excluded.lease_until, deliveries = excluded.deliveries, delivery = excluded.delivery,
    updated_at = excluded.updated_at, version = excluded.version
WHERE tan_challenges.version = excluded.version - 1;

-- name: CountTANTry :many
UPDATE tan_challenges SET tries = tries + 1, version = version + 1, updated_at = CAST(sqlc.arg('now') AS timestamptz)
WHERE session_id = @session_id AND attempt = @attempt AND tan_hash IS NOT NULL
  AND tries < CAST(@most AS bigint) AND expires_at > CAST(sqlc.arg('now') AS timestamptz)
RETURNING *;

-- name: ForgetLetter :execrows
UPDATE tan_challenges SET sealed_address = NULL, address_hash = NULL, tan_hash = NULL, letter_hash = NULL,
    sealed_message = NULL, next_try = NULL, lease_until = NULL, version = version + 1
WHERE session_id = @session_id AND version = @version;

-- name: FinishMessage :execrows
UPDATE tan_challenges SET delivery = @delivery, deliveries = deliveries + 1, sealed_message = NULL, next_try = NULL,
    lease_until = NULL, updated_at = CAST(sqlc.arg('now') AS timestamptz)
WHERE session_id = @session_id AND lease_until = CAST(sqlc.arg('lease') AS timestamptz);

-- name: DelayMessage :execrows
UPDATE tan_challenges SET delivery = 'delayed', deliveries = deliveries + 1,
    next_try = CAST(sqlc.arg('next_try') AS timestamptz), lease_until = NULL,
    updated_at = CAST(sqlc.arg('now') AS timestamptz)
WHERE session_id = @session_id AND lease_until = CAST(sqlc.arg('lease') AS timestamptz);

-- name: EndMessageLeases :execrows
UPDATE tan_challenges SET lease_until = NULL WHERE next_try IS NOT NULL AND lease_until IS NOT NULL;

-- name: CountMessages :many
SELECT method, count(*) AS n FROM tan_challenges WHERE next_try IS NOT NULL GROUP BY method;
