-- +goose Up

-- The address that a client gave for a session.
ALTER TABLE verification_sessions ADD COLUMN sealed_hint bytea;

-- Proofs under way that messages to an address reach the person, with the message
-- that is to be sent.
CREATE TABLE tan_challenges (
    session_id     uuid        PRIMARY KEY REFERENCES verification_sessions (id) ON DELETE CASCADE,
    client_id      text        NOT NULL,
    method         text        NOT NULL,
    attempt        bigint      NOT NULL,
    sealed_address bytea,
    address_hash   bytea,
    addresses      bigint      NOT NULL,
    sends          bigint      NOT NULL,
    tries          bigint      NOT NULL,
    tan_hash       bytea,
    letter_hash    bytea,
    asked_at       timestamptz,
    next_send      timestamptz,
    expires_at     timestamptz,
    locked_at      timestamptz,
    sealed_message bytea,
    next_try       timestamptz,
    lease_until    timestamptz,
    deliveries     bigint      NOT NULL,
    delivery       text        NOT NULL CHECK (delivery IN ('', 'queued', 'sent', 'delayed', 'refused', 'failed')),
    updated_at     timestamptz NOT NULL,
    version        bigint      NOT NULL,
    CHECK (sealed_message IS NOT NULL OR next_try IS NULL)
);
CREATE INDEX tan_challenges_due ON tan_challenges (next_try) WHERE next_try IS NOT NULL;
-- The way from a letter's link to its challenge. There are few letters at a time.
CREATE UNIQUE INDEX tan_challenges_letter ON tan_challenges (letter_hash) WHERE letter_hash IS NOT NULL;

-- What is counted in windows of time: tries to sign in, TANs, messages.
ALTER TABLE sign_in_tries RENAME TO counts;
ALTER TABLE counts RENAME COLUMN tries TO n;
ALTER INDEX sign_in_tries_since RENAME TO counts_since;

-- How what a grant holds was proved.
ALTER TABLE grants ADD COLUMN method text NOT NULL DEFAULT '';
UPDATE grants SET method = CASE WHEN account_id IS NULL THEN 'swiyu' ELSE 'account' END;

-- Once a session is over or proved, or the person has chosen a method that needs no
-- address, or begun anew, nothing is left of the way there but the counts. A letter that
-- was handed over stays for whoever gets it when another browser takes the session over.
-- +goose StatementBegin
CREATE FUNCTION erase_challenge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tan_challenges SET sealed_address = NULL, address_hash = NULL, tan_hash = NULL, letter_hash = NULL,
        sealed_message = NULL, next_try = NULL, lease_until = NULL, version = version + 1
    WHERE session_id = NEW.id AND NOT (NEW.status = 'authorized' AND NEW.method = OLD.method
        AND method IN ('postal', 'postal-ch') AND sealed_message IS NULL);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER erase_challenge AFTER UPDATE OF status, method ON verification_sessions
    FOR EACH ROW WHEN (OLD.method NOT IN ('swiyu', 'account') AND (NEW.status <> OLD.status AND NEW.status <> 'authorized'
        OR NEW.attempts <> OLD.attempts OR NEW.method <> OLD.method AND NEW.method IN ('', 'swiyu', 'account')))
    EXECUTE FUNCTION erase_challenge();
-- +goose StatementBegin
CREATE FUNCTION audit_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_events (at, actor, event, client_id, session_id)
    VALUES (NEW.updated_at, 'session', 'message.' || NEW.delivery, NEW.client_id, CAST(NEW.session_id AS text));
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_message_made AFTER INSERT ON tan_challenges
    FOR EACH ROW WHEN (NEW.delivery <> '') EXECUTE FUNCTION audit_message();
CREATE TRIGGER audit_message_moved AFTER UPDATE OF delivery ON tan_challenges
    FOR EACH ROW WHEN (NEW.delivery <> '' AND (NEW.delivery <> OLD.delivery OR NEW.asked_at IS DISTINCT FROM OLD.asked_at))
    EXECUTE FUNCTION audit_message();
-- +goose StatementBegin
CREATE FUNCTION audit_tan_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_events (at, actor, event, client_id, session_id)
    VALUES (NEW.updated_at, 'session', 'tan.locked', NEW.client_id, CAST(NEW.session_id AS text));
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_tan_locked AFTER UPDATE OF locked_at ON tan_challenges
    FOR EACH ROW WHEN (NEW.locked_at IS NOT NULL AND OLD.locked_at IS NULL) EXECUTE FUNCTION audit_tan_locked();
