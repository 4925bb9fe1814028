-- +goose Up

-- The layout is made for a rate that does not fall as tables grow: ids are
-- UUIDs of version 7 and land at the right edge of their index, secrets are found
-- by the id of their row and have no index, due work has partial indexes over
-- open rows only, and a row is not touched again once it is finished.

CREATE TABLE clients (
    id                     text        PRIMARY KEY,
    name                   text        NOT NULL,
    redirect_uris          jsonb       NOT NULL,
    scopes                 jsonb       NOT NULL,
    pkce_required          boolean     NOT NULL,
    error_profile          text        NOT NULL,
    code_delivery          text        NOT NULL,
    verifier_url           text        NOT NULL,
    verifier_management_api_path text  NOT NULL,
    accepted_issuer_dids   jsonb       NOT NULL,
    credential_types       jsonb       NOT NULL,
    claim_paths            jsonb       NOT NULL,
    verifier_response_mode text        NOT NULL,
    deeplink_scheme        text        NOT NULL,
    webhook_url            text        NOT NULL,
    webhook_disabled_at    timestamptz,
    code_seconds           bigint      NOT NULL CHECK (code_seconds BETWEEN 1 AND 600),
    token_seconds          bigint      NOT NULL CHECK (token_seconds BETWEEN 1 AND 86400),
    created_at             timestamptz NOT NULL,
    updated_at             timestamptz NOT NULL,
    disabled_at            timestamptz
);

CREATE TABLE client_secrets (
    id         uuid        PRIMARY KEY,
    client_id  text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    hash       bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);
CREATE INDEX client_secrets_client ON client_secrets (client_id);

CREATE TABLE webhook_secrets (
    id         uuid        PRIMARY KEY,
    client_id  text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    sealed     bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);
CREATE INDEX webhook_secrets_client ON webhook_secrets (client_id);

CREATE TABLE verification_sessions (
    id                      uuid        PRIMARY KEY,
    client_id               text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    method                  text        NOT NULL,
    nonce_hash              bytea       NOT NULL,
    status                  text        NOT NULL CHECK (status IN
        ('pending', 'authorized', 'verified', 'completed', 'failed', 'expired', 'denied')),
    redirect_uri            text        NOT NULL,
    state                   text        NOT NULL,
    scope                   text        NOT NULL,
    code_challenge          text        NOT NULL,
    browser_hash            bytea,
    request_id              text        NOT NULL,
    verification_url        text        NOT NULL,
    verification_deeplink   text        NOT NULL,
    verification_ends_at    timestamptz,
    attempts                bigint      NOT NULL,
    checks                  bigint      NOT NULL,
    next_check              timestamptz,
    lease_until             timestamptz,
    sealed_claims           bytea,
    error_code              text        NOT NULL,
    created_at              timestamptz NOT NULL,
    authorized_at           timestamptz,
    verified_at             timestamptz,
    finished_at             timestamptz,
    expires_at              timestamptz NOT NULL,
    updated_at              timestamptz NOT NULL,
    version                 bigint      NOT NULL,
    CHECK (sealed_claims IS NULL OR status = 'verified'),
    CHECK (next_check IS NOT NULL OR status IN ('completed', 'failed', 'expired', 'denied'))
);
-- The durable to-do list of the background.
CREATE INDEX verification_sessions_due ON verification_sessions (next_check) WHERE next_check IS NOT NULL;
-- The way from a notification to its session. A verification belongs to one session.
CREATE UNIQUE INDEX verification_sessions_request ON verification_sessions (request_id) WHERE status = 'authorized';

CREATE TABLE authorization_codes (
    session_id     uuid        PRIMARY KEY REFERENCES verification_sessions (id) ON DELETE CASCADE,
    generation     bigint      NOT NULL,
    hash           bytea       NOT NULL,
    client_id      text        NOT NULL,
    redirect_uri   text        NOT NULL,
    state          text        NOT NULL,
    code_challenge text        NOT NULL,
    scope          text        NOT NULL,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    used_at        timestamptz
);

CREATE TABLE grants (
    id            uuid        PRIMARY KEY,
    session_id    uuid        NOT NULL UNIQUE,
    client_id     text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    subject       text        NOT NULL,
    scope         text        NOT NULL,
    sealed_claims bytea,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz
);
CREATE INDEX grants_expiry ON grants (expires_at);

CREATE TABLE tokens (
    id         uuid        PRIMARY KEY,
    grant_id   uuid        NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    kind       text        NOT NULL,
    hash       bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX tokens_grant ON tokens (grant_id);

CREATE TABLE notification_pending_webhooks (
    id           uuid        PRIMARY KEY,
    session_id   uuid        NOT NULL,
    client_id    text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    url          text        NOT NULL,
    event        text        NOT NULL,
    attempt      bigint      NOT NULL,
    sealed_body  bytea       NOT NULL,
    tries        bigint      NOT NULL,
    next_attempt timestamptz,
    lease_until  timestamptz,
    last_outcome text        NOT NULL,
    created_at   timestamptz NOT NULL,
    delivered_at timestamptz,
    dead_at      timestamptz,
    UNIQUE (session_id, attempt, event)
);
CREATE INDEX notification_pending_webhooks_due ON notification_pending_webhooks (next_attempt)
    WHERE next_attempt IS NOT NULL;
CREATE INDEX notification_pending_webhooks_held ON notification_pending_webhooks (client_id)
    WHERE next_attempt IS NULL AND delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX notification_pending_webhooks_dead ON notification_pending_webhooks (dead_at)
    WHERE dead_at IS NOT NULL;

-- One thing that is sealed for good, by which the keys of this database are known.
CREATE TABLE key_checks (
    id     bigint PRIMARY KEY CHECK (id = 1),
    sealed bytea NOT NULL
);

CREATE TABLE audit_events (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor      text        NOT NULL,
    event      text        NOT NULL,
    client_id  text        NOT NULL,
    session_id text        NOT NULL
);

-- Every change of a session's state leaves a record in the same transaction,
-- whoever made it.
-- +goose StatementBegin
CREATE FUNCTION audit_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_events (at, actor, event, client_id, session_id)
    VALUES (NEW.updated_at, 'session', 'session.' || NEW.status, NEW.client_id, CAST(NEW.id AS text));
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_session_made AFTER INSERT ON verification_sessions
    FOR EACH ROW EXECUTE FUNCTION audit_session();
CREATE TRIGGER audit_session_moved AFTER UPDATE OF status ON verification_sessions
    FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.attempts <> NEW.attempts) EXECUTE FUNCTION audit_session();
