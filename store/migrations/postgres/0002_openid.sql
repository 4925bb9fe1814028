-- +goose Up

-- Settings of a client that are read with it as a whole and never searched.
ALTER TABLE clients ADD COLUMN settings jsonb NOT NULL DEFAULT '{}';

-- People with an account here. The claims are what the operator vouches for.
CREATE TABLE accounts (
    id            uuid        PRIMARY KEY,
    user_name     text        NOT NULL UNIQUE,
    password_hash text        NOT NULL,
    sealed_claims bytea       NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    disabled_at   timestamptz
);

-- Browsers in which somebody is signed in.
CREATE TABLE sign_ins (
    id               uuid        PRIMARY KEY,
    account_id       uuid        NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    hash             bytea       NOT NULL,
    authenticated_at timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL
);
CREATE INDEX sign_ins_account ON sign_ins (account_id);
CREATE INDEX sign_ins_expiry ON sign_ins (expires_at);

-- Tries to sign in, counted before the password is looked at, by a keyed hash of
-- what they have in common.
CREATE TABLE sign_in_tries (
    key   bytea       PRIMARY KEY,
    tries bigint      NOT NULL,
    since timestamptz NOT NULL
);
CREATE INDEX sign_in_tries_since ON sign_in_tries (since);

ALTER TABLE verification_sessions
    ADD COLUMN claims         jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN response_mode  text  NOT NULL DEFAULT '',
    ADD COLUMN sealed_request bytea,
    ADD COLUMN consent        text  NOT NULL DEFAULT '' CHECK (consent IN ('', 'asked', 'required', 'given')),
    ADD COLUMN granted_scope  text  NOT NULL DEFAULT '',
    ADD COLUMN account_id     uuid  REFERENCES accounts (id) ON DELETE SET NULL,
    ADD COLUMN login_after    timestamptz;
CREATE INDEX verification_sessions_account ON verification_sessions (account_id) WHERE account_id IS NOT NULL;
-- Sessions that need no verifier have no id of a verification.
DROP INDEX verification_sessions_request;
CREATE UNIQUE INDEX verification_sessions_request ON verification_sessions (request_id)
    WHERE status = 'authorized' AND request_id <> '';

ALTER TABLE grants
    ADD COLUMN claims         jsonb   NOT NULL DEFAULT '[]',
    ADD COLUMN sealed_request bytea,
    ADD COLUMN account_id     uuid    REFERENCES accounts (id) ON DELETE SET NULL,
    ADD COLUMN once           boolean NOT NULL DEFAULT false,
    ADD COLUMN consent        text    NOT NULL DEFAULT '',
    ADD COLUMN refresh_until  timestamptz;
CREATE INDEX grants_account ON grants (account_id) WHERE account_id IS NOT NULL;

-- A refresh token that was used names the one that replaced it; the row of a
-- refresh token names the access token that was handed out beside it.
ALTER TABLE tokens
    ADD COLUMN scope        text NOT NULL DEFAULT '',
    ADD COLUMN rotated_at   timestamptz,
    ADD COLUMN successor_id uuid,
    ADD COLUMN issued_with  uuid;
CREATE INDEX tokens_expiry ON tokens (expires_at);

CREATE TABLE signing_keys (
    id         uuid        PRIMARY KEY,
    algorithm  text        NOT NULL,
    generation bigint      NOT NULL,
    sealed     bytea       NOT NULL,
    public     bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    signs_from timestamptz NOT NULL,
    UNIQUE (algorithm, generation)
);

-- Secrets of the server itself, sealed, that have to stay as they are for good.
CREATE TABLE server_secrets (
    name   text  PRIMARY KEY,
    sealed bytea NOT NULL
);

-- Assertions by which clients authenticated themselves, each good for once.
CREATE TABLE used_assertions (
    key        bytea       PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX used_assertions_expiry ON used_assertions (expires_at);

-- Records beside those of a session's states: that the person agreed, and each code
-- that was made.
-- +goose StatementBegin
CREATE FUNCTION audit_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_events (at, actor, event, client_id, session_id)
    VALUES (NEW.updated_at, 'session', 'consent.given', NEW.client_id, CAST(NEW.id AS text));
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_consent_given AFTER UPDATE OF consent ON verification_sessions
    FOR EACH ROW WHEN (NEW.consent = 'given' AND OLD.consent <> 'given') EXECUTE FUNCTION audit_consent();
-- +goose StatementBegin
CREATE FUNCTION audit_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_events (at, actor, event, client_id, session_id)
    VALUES (NEW.created_at, 'session', 'code.issued', NEW.client_id, CAST(NEW.session_id AS text));
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_code_made AFTER INSERT OR UPDATE OF generation ON authorization_codes
    FOR EACH ROW EXECUTE FUNCTION audit_code();
