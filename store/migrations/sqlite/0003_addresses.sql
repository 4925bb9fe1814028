-- +goose Up

-- The address that a client gave for a session.
ALTER TABLE verification_sessions ADD COLUMN sealed_hint blob;

-- Proofs under way that messages to an address reach the person, with the message
-- that is to be sent.
CREATE TABLE tan_challenges (
    session_id     text      PRIMARY KEY REFERENCES verification_sessions (id) ON DELETE CASCADE,
    client_id      text      NOT NULL,
    method         text      NOT NULL,
    attempt        bigint    NOT NULL,
    sealed_address blob,
    address_hash   blob,
    addresses      bigint    NOT NULL,
    sends          bigint    NOT NULL,
    tries          bigint    NOT NULL,
    tan_hash       blob,
    letter_hash    blob,
    asked_at       timestamp CHECK (typeof(asked_at) IN ('integer', 'null')),
    next_send      timestamp CHECK (typeof(next_send) IN ('integer', 'null')),
    expires_at     timestamp CHECK (typeof(expires_at) IN ('integer', 'null')),
    locked_at      timestamp CHECK (typeof(locked_at) IN ('integer', 'null')),
    sealed_message blob,
    next_try       timestamp CHECK (typeof(next_try) IN ('integer', 'null')),
    lease_until    timestamp CHECK (typeof(lease_until) IN ('integer', 'null')),
    deliveries     bigint    NOT NULL,
    delivery       text      NOT NULL CHECK (delivery IN ('', 'queued', 'sent', 'delayed', 'refused', 'failed')),
    updated_at     timestamp NOT NULL CHECK (typeof(updated_at) = 'integer'),
    version        bigint    NOT NULL,
    CHECK (sealed_message IS NOT NULL OR next_try IS NULL)
);
CREATE INDEX tan_challenges_due ON tan_challenges (next_try) WHERE next_try IS NOT NULL;
-- The way from a letter's link to its challenge. There are few letters at a time.
CREATE UNIQUE INDEX tan_challenges_letter ON tan_challenges (letter_hash) WHERE letter_hash IS NOT NULL;

-- What is counted in windows of time: tries to sign in, TANs, messages.
ALTER TABLE sign_in_tries RENAME TO counts;
ALTER TABLE counts RENAME COLUMN tries TO n;
DROP INDEX sign_in_tries_since;
CREATE INDEX counts_since ON counts (since);

-- How what a grant holds was proved.
ALTER TABLE grants ADD COLUMN method text NOT NULL DEFAULT '';
UPDATE grants SET method = CASE WHEN account_id IS NULL THEN 'swiyu' ELSE 'account' END;

-- Once a session is over or proved, or the person has chosen a method that needs no
-- address, or begun anew, nothing is left of the way there but the counts. A letter that
-- was handed over stays for whoever gets it when another browser takes the session over.
-- +goose StatementBegin
CREATE TRIGGER erase_challenge AFTER UPDATE OF status, method ON verification_sessions
    WHEN OLD.method NOT IN ('swiyu', 'account') AND (NEW.status <> OLD.status AND NEW.status <> 'authorized'
        OR NEW.attempts <> OLD.attempts OR NEW.method <> OLD.method AND NEW.method IN ('', 'swiyu', 'account'))
BEGIN
    UPDATE tan_challenges SET sealed_address = NULL, address_hash = NULL, tan_hash = NULL, letter_hash = NULL,
        sealed_message = NULL, next_try = NULL, lease_until = NULL, version = version + 1
    WHERE session_id = NEW.id AND NOT (NEW.status = 'authorized' AND NEW.method = OLD.method
        AND method IN ('postal', 'postal-ch') AND sealed_message IS NULL);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_message_made AFTER INSERT ON tan_challenges WHEN NEW.delivery <> ''
BEGIN
    INSERT INTO audit_events (at, actor, event, client_id, session_id)
    VALUES (NEW.updated_at, 'session', 'message.' || NEW.delivery, NEW.client_id, NEW.session_id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_message_moved AFTER UPDATE OF delivery ON tan_challenges
    WHEN NEW.delivery <> '' AND (NEW.delivery <> OLD.delivery OR NEW.asked_at IS NOT OLD.asked_at)
BEGIN
    INSERT INTO audit_events (at, actor, event, client_id, session_id)
    VALUES (NEW.updated_at, 'session', 'message.' || NEW.delivery, NEW.client_id, NEW.session_id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_tan_locked AFTER UPDATE OF locked_at ON tan_challenges
    WHEN NEW.locked_at IS NOT NULL AND OLD.locked_at IS NULL
BEGIN
    INSERT INTO audit_events (at, actor, event, client_id, session_id)
    VALUES (NEW.updated_at, 'session', 'tan.locked', NEW.client_id, NEW.session_id);
END;
-- +goose StatementEnd
