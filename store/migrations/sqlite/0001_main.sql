-- +goose Up

-- The same tables as on PostgreSQL. Times are integer microseconds; the checks
-- catch a connection that would write them as text.

-- The layout is made for a rate that does not fall as tables grow: ids are
-- UUIDs of version 7 and land at the right edge of their index, secrets are found
-- by the id of their row and have no index, due work has partial indexes over
-- open rows only, and a row is not touched again once it is finished.

CREATE TABLE clients (
    id                     text        PRIMARY KEY,
    name                   text        NOT NULL,
    redirect_uris          text NOT NULL CHECK (json_valid(redirect_uris)),
    scopes                 text NOT NULL CHECK (json_valid(scopes)),
    pkce_required          boolean     NOT NULL,
    error_profile          text        NOT NULL,
    code_delivery          text        NOT NULL,
    verifier_url           text        NOT NULL,
    verifier_management_api_path text  NOT NULL,
    accepted_issuer_dids   text NOT NULL CHECK (json_valid(accepted_issuer_dids)),
    credential_types       text NOT NULL CHECK (json_valid(credential_types)),
    claim_paths            text NOT NULL CHECK (json_valid(claim_paths)),
    verifier_response_mode text        NOT NULL,
    deeplink_scheme        text        NOT NULL,
    webhook_url            text        NOT NULL,
    webhook_disabled_at    timestamp CHECK (typeof(webhook_disabled_at) IN ('integer', 'null')),
    code_seconds           bigint      NOT NULL CHECK (code_seconds BETWEEN 1 AND 600),
    token_seconds          bigint      NOT NULL CHECK (token_seconds BETWEEN 1 AND 86400),
    created_at             timestamp NOT NULL CHECK (typeof(created_at) = 'integer'),
    updated_at             timestamp NOT NULL CHECK (typeof(updated_at) = 'integer'),
    disabled_at            timestamp CHECK (typeof(disabled_at) IN ('integer', 'null'))
);

CREATE TABLE client_secrets (
    id         text        PRIMARY KEY,
    client_id  text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    hash       blob        NOT NULL,
    created_at timestamp NOT NULL CHECK (typeof(created_at) = 'integer'),
    expires_at timestamp CHECK (typeof(expires_at) IN ('integer', 'null'))
);
CREATE INDEX client_secrets_client ON client_secrets (client_id);

CREATE TABLE webhook_secrets (
    id         text        PRIMARY KEY,
    client_id  text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    sealed     blob        NOT NULL,
    created_at timestamp NOT NULL CHECK (typeof(created_at) = 'integer'),
    expires_at timestamp CHECK (typeof(expires_at) IN ('integer', 'null'))
);
CREATE INDEX webhook_secrets_client ON webhook_secrets (client_id);

CREATE TABLE verification_sessions (
    id                      text        PRIMARY KEY,
    client_id               text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    method                  text        NOT NULL,
    nonce_hash              blob        NOT NULL,
    status                  text        NOT NULL CHECK (status IN
        ('pending', 'authorized', 'verified', 'completed', 'failed', 'expired', 'denied')),
    redirect_uri            text        NOT NULL,
    state                   text        NOT NULL,
    scope                   text        NOT NULL,
    code_challenge          text        NOT NULL,
    browser_hash            blob ,
    request_id              text        NOT NULL,
    verification_url        text        NOT NULL,
    verification_deeplink   text        NOT NULL,
    verification_ends_at    timestamp CHECK (typeof(verification_ends_at) IN ('integer', 'null')),
    attempts                bigint      NOT NULL,
    checks                  bigint      NOT NULL,
    next_check              timestamp CHECK (typeof(next_check) IN ('integer', 'null')),
    lease_until             timestamp CHECK (typeof(lease_until) IN ('integer', 'null')),
    sealed_claims           blob ,
    error_code              text        NOT NULL,
    created_at              timestamp NOT NULL CHECK (typeof(created_at) = 'integer'),
    authorized_at           timestamp CHECK (typeof(authorized_at) IN ('integer', 'null')),
    verified_at             timestamp CHECK (typeof(verified_at) IN ('integer', 'null')),
    finished_at             timestamp CHECK (typeof(finished_at) IN ('integer', 'null')),
    expires_at              timestamp NOT NULL CHECK (typeof(expires_at) = 'integer'),
    updated_at              timestamp NOT NULL CHECK (typeof(updated_at) = 'integer'),
    version                 bigint      NOT NULL,
    CHECK (sealed_claims IS NULL OR status = 'verified'),
    CHECK (next_check IS NOT NULL OR status IN ('completed', 'failed', 'expired', 'denied'))
);
-- The durable to-do list of the background.
CREATE INDEX verification_sessions_due ON verification_sessions (next_check) WHERE next_check IS NOT NULL;
-- The way from a notification to its session. A verification belongs to one session.
CREATE UNIQUE INDEX verification_sessions_request ON verification_sessions (request_id) WHERE status = 'authorized';

CREATE TABLE authorization_codes (
    session_id     text        PRIMARY KEY REFERENCES verification_sessions (id) ON DELETE CASCADE,
    generation     bigint      NOT NULL,
    hash           blob        NOT NULL,
    client_id      text        NOT NULL,
    redirect_uri   text        NOT NULL,
    state          text        NOT NULL,
    code_challenge text        NOT NULL,
    scope          text        NOT NULL,
    created_at     timestamp NOT NULL CHECK (typeof(created_at) = 'integer'),
    expires_at     timestamp NOT NULL CHECK (typeof(expires_at) = 'integer'),
    used_at        timestamp CHECK (typeof(used_at) IN ('integer', 'null'))
);

CREATE TABLE grants (
    id            text        PRIMARY KEY,
    session_id    text        NOT NULL UNIQUE,
    client_id     text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    subject       text        NOT NULL,
    scope         text        NOT NULL,
    sealed_claims blob ,
    created_at    timestamp NOT NULL CHECK (typeof(created_at) = 'integer'),
    expires_at    timestamp NOT NULL CHECK (typeof(expires_at) = 'integer'),
    revoked_at    timestamp CHECK (typeof(revoked_at) IN ('integer', 'null'))
);
CREATE INDEX grants_expiry ON grants (expires_at);

CREATE TABLE tokens (
    id         text        PRIMARY KEY,
    grant_id   text        NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    kind       text        NOT NULL,
    hash       blob        NOT NULL,
    created_at timestamp NOT NULL CHECK (typeof(created_at) = 'integer'),
    expires_at timestamp NOT NULL CHECK (typeof(expires_at) = 'integer'),
    revoked_at timestamp CHECK (typeof(revoked_at) IN ('integer', 'null'))
);
CREATE INDEX tokens_grant ON tokens (grant_id);

CREATE TABLE notification_pending_webhooks (
    id           text        PRIMARY KEY,
    session_id   text        NOT NULL,
    client_id    text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    url          text        NOT NULL,
    event        text        NOT NULL,
    attempt      bigint      NOT NULL,
    sealed_body  blob        NOT NULL,
    tries        bigint      NOT NULL,
    next_attempt timestamp CHECK (typeof(next_attempt) IN ('integer', 'null')),
    lease_until  timestamp CHECK (typeof(lease_until) IN ('integer', 'null')),
    last_outcome text        NOT NULL,
    created_at   timestamp NOT NULL CHECK (typeof(created_at) = 'integer'),
    delivered_at timestamp CHECK (typeof(delivered_at) IN ('integer', 'null')),
    dead_at      timestamp CHECK (typeof(dead_at) IN ('integer', 'null')),
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
    sealed blob NOT NULL
);

CREATE TABLE audit_events (
    id         integer PRIMARY KEY AUTOINCREMENT,
    at         timestamp NOT NULL CHECK (typeof(at) = 'integer'),
    actor      text        NOT NULL,
    event      text        NOT NULL,
    client_id  text        NOT NULL,
    session_id text        NOT NULL
);

-- Every change of a session's state leaves a record in the same transaction,
-- whoever made it.
-- +goose StatementBegin
CREATE TRIGGER audit_session_made AFTER INSERT ON verification_sessions
BEGIN
    INSERT INTO audit_events (at, actor, event, client_id, session_id)
    VALUES (NEW.updated_at, 'session', 'session.' || NEW.status, NEW.client_id, NEW.id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_session_moved AFTER UPDATE OF status ON verification_sessions
    WHEN OLD.status <> NEW.status OR OLD.attempts <> NEW.attempts
BEGIN
    INSERT INTO audit_events (at, actor, event, client_id, session_id)
    VALUES (NEW.updated_at, 'session', 'session.' || NEW.status, NEW.client_id, NEW.id);
END;
-- +goose StatementEnd
