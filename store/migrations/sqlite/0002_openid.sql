-- +goose Up

-- Settings of a client that are read with it as a whole and never searched.
ALTER TABLE clients ADD COLUMN settings text NOT NULL DEFAULT '{}' CHECK (json_valid(settings));

-- People with an account here. The claims are what the operator vouches for.
CREATE TABLE accounts (
    id            text        PRIMARY KEY,
    user_name     text        NOT NULL UNIQUE,
    password_hash text        NOT NULL,
    sealed_claims blob        NOT NULL,
    created_at    timestamp NOT NULL CHECK (typeof(created_at) = 'integer'),
    updated_at    timestamp NOT NULL CHECK (typeof(updated_at) = 'integer'),
    disabled_at   timestamp CHECK (typeof(disabled_at) IN ('integer', 'null'))
);

-- Browsers in which somebody is signed in.
CREATE TABLE sign_ins (
    id               text      PRIMARY KEY,
    account_id       text      NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    hash             blob      NOT NULL,
    authenticated_at timestamp NOT NULL CHECK (typeof(authenticated_at) = 'integer'),
    expires_at       timestamp NOT NULL CHECK (typeof(expires_at) = 'integer')
);
CREATE INDEX sign_ins_account ON sign_ins (account_id);
CREATE INDEX sign_ins_expiry ON sign_ins (expires_at);

-- Tries to sign in, counted before the password is looked at, by a keyed hash of
-- what they have in common.
CREATE TABLE sign_in_tries (
    key   blob      PRIMARY KEY NOT NULL,
    tries bigint    NOT NULL,
    since timestamp NOT NULL CHECK (typeof(since) = 'integer')
);
CREATE INDEX sign_in_tries_since ON sign_in_tries (since);

ALTER TABLE verification_sessions ADD COLUMN claims text NOT NULL DEFAULT '[]' CHECK (json_valid(claims));
ALTER TABLE verification_sessions ADD COLUMN response_mode text NOT NULL DEFAULT '';
ALTER TABLE verification_sessions ADD COLUMN sealed_request blob;
ALTER TABLE verification_sessions ADD COLUMN consent text NOT NULL DEFAULT '' CHECK (consent IN ('', 'asked', 'required', 'given'));
ALTER TABLE verification_sessions ADD COLUMN granted_scope text NOT NULL DEFAULT '';
ALTER TABLE verification_sessions ADD COLUMN account_id text REFERENCES accounts (id) ON DELETE SET NULL;
ALTER TABLE verification_sessions ADD COLUMN login_after timestamp CHECK (typeof(login_after) IN ('integer', 'null'));
CREATE INDEX verification_sessions_account ON verification_sessions (account_id) WHERE account_id IS NOT NULL;
-- Sessions that need no verifier have no id of a verification.
DROP INDEX verification_sessions_request;
CREATE UNIQUE INDEX verification_sessions_request ON verification_sessions (request_id)
    WHERE status = 'authorized' AND request_id <> '';

ALTER TABLE grants ADD COLUMN claims text NOT NULL DEFAULT '[]' CHECK (json_valid(claims));
ALTER TABLE grants ADD COLUMN sealed_request blob;
ALTER TABLE grants ADD COLUMN account_id text REFERENCES accounts (id) ON DELETE SET NULL;
ALTER TABLE grants ADD COLUMN once boolean NOT NULL DEFAULT false;
ALTER TABLE grants ADD COLUMN consent text NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN refresh_until timestamp CHECK (typeof(refresh_until) IN ('integer', 'null'));
CREATE INDEX grants_account ON grants (account_id) WHERE account_id IS NOT NULL;

-- A refresh token that was used names the one that replaced it; the row of a
-- refresh token names the access token that was handed out beside it.
ALTER TABLE tokens ADD COLUMN scope text NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN rotated_at timestamp CHECK (typeof(rotated_at) IN ('integer', 'null'));
ALTER TABLE tokens ADD COLUMN successor_id text;
ALTER TABLE tokens ADD COLUMN issued_with text;
CREATE INDEX tokens_expiry ON tokens (expires_at);

CREATE TABLE signing_keys (
    id         text      PRIMARY KEY,
    algorithm  text      NOT NULL,
    generation bigint    NOT NULL,
    sealed     blob      NOT NULL,
    public     blob      NOT NULL,
    created_at timestamp NOT NULL CHECK (typeof(created_at) = 'integer'),
    signs_from timestamp NOT NULL CHECK (typeof(signs_from) = 'integer'),
    UNIQUE (algorithm, generation)
);

-- Secrets of the server itself, sealed, that have to stay as they are for good.
CREATE TABLE server_secrets (
    name   text PRIMARY KEY NOT NULL,
    sealed blob NOT NULL
);

-- Assertions by which clients authenticated themselves, each good for once.
CREATE TABLE used_assertions (
    key        blob      PRIMARY KEY NOT NULL,
    expires_at timestamp NOT NULL CHECK (typeof(expires_at) = 'integer')
);
CREATE INDEX used_assertions_expiry ON used_assertions (expires_at);

-- Records beside those of a session's states: that the person agreed, and each code
-- that was made.
-- +goose StatementBegin
CREATE TRIGGER audit_consent_given AFTER UPDATE OF consent ON verification_sessions
    WHEN NEW.consent = 'given' AND OLD.consent <> 'given'
BEGIN
    INSERT INTO audit_events (at, actor, event, client_id, session_id)
    VALUES (NEW.updated_at, 'session', 'consent.given', NEW.client_id, NEW.id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_code_made AFTER INSERT ON authorization_codes
BEGIN
    INSERT INTO audit_events (at, actor, event, client_id, session_id)
    VALUES (NEW.created_at, 'session', 'code.issued', NEW.client_id, NEW.session_id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_code_replaced AFTER UPDATE OF generation ON authorization_codes
BEGIN
    INSERT INTO audit_events (at, actor, event, client_id, session_id)
    VALUES (NEW.created_at, 'session', 'code.issued', NEW.client_id, NEW.session_id);
END;
-- +goose StatementEnd
