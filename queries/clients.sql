-- name: CreateClient :exec
INSERT INTO clients (id, name, redirect_uris, scopes, pkce_required, error_profile, code_delivery,
    verifier_url, verifier_management_api_path, accepted_issuer_dids, credential_types, claim_paths,
    verifier_response_mode, deeplink_scheme, webhook_url, webhook_disabled_at,
    code_seconds, token_seconds, created_at, updated_at, disabled_at, settings)
VALUES (@id, @name, @redirect_uris, @scopes, @pkce_required, @error_profile, @code_delivery,
    @verifier_url, @verifier_management_api_path, @accepted_issuer_dids, @credential_types, @claim_paths,
    @verifier_response_mode, @deeplink_scheme, @webhook_url, @webhook_disabled_at,
    @code_seconds, @token_seconds, @created_at, @updated_at, @disabled_at, @settings);

-- name: GetClient :one
SELECT * FROM clients WHERE id = @id;

-- name: ListClients :many
SELECT * FROM clients ORDER BY id;

-- name: UpdateClient :execrows
UPDATE clients SET name = @name, redirect_uris = @redirect_uris, scopes = @scopes,
    pkce_required = @pkce_required, error_profile = @error_profile, code_delivery = @code_delivery,
    verifier_url = @verifier_url, verifier_management_api_path = @verifier_management_api_path,
    accepted_issuer_dids = @accepted_issuer_dids, credential_types = @credential_types, claim_paths = @claim_paths,
    verifier_response_mode = @verifier_response_mode, deeplink_scheme = @deeplink_scheme,
    webhook_url = @webhook_url, webhook_disabled_at = @webhook_disabled_at,
    code_seconds = @code_seconds, token_seconds = @token_seconds,
    updated_at = @updated_at, disabled_at = @disabled_at, settings = @settings
WHERE id = @id;

-- name: DisableWebhook :execrows
UPDATE clients SET webhook_disabled_at = @webhook_disabled_at, updated_at = @updated_at
WHERE id = @id AND webhook_disabled_at IS NULL;

-- name: DeleteClient :execrows
DELETE FROM clients WHERE id = @id;

-- name: AddClientSecret :exec
INSERT INTO client_secrets (id, client_id, hash, created_at, expires_at)
VALUES (@id, @client_id, @hash, @created_at, @expires_at);

-- name: ListClientSecrets :many
SELECT * FROM client_secrets WHERE client_id = @client_id ORDER BY id DESC;

-- name: EndClientSecrets :execrows
UPDATE client_secrets SET expires_at = @expires_at
WHERE client_id = @client_id AND (expires_at IS NULL OR expires_at > @expires_at);

-- name: PurgeClientSecrets :execrows
DELETE FROM client_secrets WHERE expires_at <= CAST(sqlc.arg('before') AS timestamptz);

-- name: AddWebhookSecret :exec
INSERT INTO webhook_secrets (id, client_id, sealed, created_at, expires_at)
VALUES (@id, @client_id, @sealed, @created_at, @expires_at);

-- name: ListWebhookSecrets :many
SELECT * FROM webhook_secrets WHERE client_id = @client_id ORDER BY id DESC;

-- name: EndWebhookSecrets :execrows
UPDATE webhook_secrets SET expires_at = @expires_at
WHERE client_id = @client_id AND (expires_at IS NULL OR expires_at > @expires_at);

-- name: PurgeWebhookSecrets :execrows
DELETE FROM webhook_secrets WHERE expires_at <= CAST(sqlc.arg('before') AS timestamptz);
