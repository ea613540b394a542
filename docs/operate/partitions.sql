-- Sessions in 64 partitions, by the hash of their key. To be run in an empty database (or schema),
-- with JWT_STORE_CREATE_TABLES = False afterwards. The columns are those that
-- `flask jwtpolicy ddl --dialect postgresql` prints; the version comes last.

CREATE TABLE jwtpolicy_session (
    session_key BYTEA NOT NULL,
    subject_key BYTEA NOT NULL,
    is_ended SMALLINT NOT NULL,
    refresh_id BYTEA NOT NULL,
    issuer BYTEA NOT NULL,
    session_id BYTEA NOT NULL,
    subject BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    idle_expires_at BIGINT,
    label BYTEA,
    facts BYTEA,
    predecessors BYTEA,
    kept_until BIGINT,
    kept BYTEA,
    replaced_at BIGINT,
    replaced_by BYTEA,
    PRIMARY KEY (session_key)
) PARTITION BY HASH (session_key);

DO $$
BEGIN
    FOR n IN 0..63 LOOP
        EXECUTE 'CREATE TABLE jwtpolicy_session_' || n || ' PARTITION OF jwtpolicy_session'
            || ' FOR VALUES WITH (MODULUS 64, REMAINDER ' || n || ')';
    END LOOP;
END
$$;

CREATE INDEX jwtpolicy_session_by_expiry ON jwtpolicy_session (expires_at);
CREATE INDEX jwtpolicy_session_by_subject ON jwtpolicy_session (subject_key, created_us);
CREATE INDEX jwtpolicy_session_kept ON jwtpolicy_session (kept_until)
    WHERE kept_until IS NOT NULL;

CREATE TABLE jwtpolicy_subject (
    subject_key BYTEA NOT NULL,
    cut_off BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    floor_us BIGINT DEFAULT 0 NOT NULL,
    PRIMARY KEY (subject_key)
);
CREATE INDEX jwtpolicy_subject_by_expiry ON jwtpolicy_subject (expires_at);

CREATE TABLE jwtpolicy_token (
    token_key BYTEA NOT NULL,
    is_revoked SMALLINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (token_key)
);
CREATE INDEX jwtpolicy_token_by_expiry ON jwtpolicy_token (expires_at);

CREATE TABLE jwtpolicy_memory (
    id INTEGER NOT NULL,
    began BIGINT NOT NULL,
    mark BIGINT NOT NULL,
    restored BIGINT NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE jwtpolicy_schema (
    version INTEGER NOT NULL,
    PRIMARY KEY (version)
);
INSERT INTO jwtpolicy_schema (version) VALUES (2);
