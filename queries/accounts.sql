-- name: CreateAccount :exec
INSERT INTO accounts (id, user_name, password_hash, sealed_claims, created_at, updated_at, disabled_at)
VALUES (@id, @user_name, @password_hash, @sealed_claims, @created_at, @updated_at, @disabled_at);

-- name: GetAccount :one
SELECT * FROM accounts WHERE id = @id;

-- name: GetAccountByName :one
SELECT * FROM accounts WHERE user_name = @user_name;

-- name: ListAccounts :many
SELECT * FROM accounts ORDER BY user_name;

-- name: UpdateAccount :execrows
UPDATE accounts SET password_hash = @password_hash, sealed_claims = @sealed_claims,
    updated_at = @updated_at, disabled_at = @disabled_at
WHERE id = @id;

-- name: ReplacePasswordHash :execrows
UPDATE accounts SET password_hash = @newer WHERE id = @id AND password_hash = @kept;

-- name: DeleteAccount :execrows
DELETE FROM accounts WHERE id = @id;

-- name: AddSignIn :exec
INSERT INTO sign_ins (id, account_id, hash, authenticated_at, expires_at)
VALUES (@id, @account_id, @hash, @authenticated_at, @expires_at);

-- name: GetSignIn :one
SELECT s.id, s.account_id, s.hash, s.authenticated_at, s.expires_at, a.disabled_at
FROM sign_ins s JOIN accounts a ON a.id = s.account_id WHERE s.id = @id;

-- name: EndSignIn :execrows
DELETE FROM sign_ins WHERE id = @id;

-- name: EndSignInsOfAccount :execrows
DELETE FROM sign_ins WHERE account_id = @account_id;

-- name: PurgeSignIns :execrows
DELETE FROM sign_ins WHERE sign_ins.id IN (
    SELECT s.id FROM sign_ins s WHERE s.expires_at <= @before ORDER BY s.expires_at LIMIT CAST(@n AS bigint));
