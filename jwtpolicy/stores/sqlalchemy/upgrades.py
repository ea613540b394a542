"""The SQL that upgrades tables of an older version."""

from __future__ import annotations

from typing import Final

# What was kept for a repetition is sealed as nobody seals any more: what was used moments before
# is refused, and is no theft. Written out, because this is about two versions, and no later one.
_SUBJECTS: Final = """\
ALTER TABLE jwtpolicy_subject ADD COLUMN floor_us BIGINT DEFAULT 0 NOT NULL;
UPDATE jwtpolicy_subject SET floor_us = (cut_off + 1) * 1000000;
"""
_MEMORY: Final = """\
CREATE TABLE jwtpolicy_memory (
    id INTEGER NOT NULL,
    began BIGINT NOT NULL,
    mark BIGINT NOT NULL,
    restored BIGINT NOT NULL,
    PRIMARY KEY (id)
)"""
_DONE: Final = """\
UPDATE jwtpolicy_schema SET version = 2;
"""
_SESSIONS: Final = """\
UPDATE jwtpolicy_session SET
    created_us = created_us * 1000000,
    replaced_at = CASE WHEN kept_until IS NOT NULL THEN last_used_at END,
    replaced_by = CASE WHEN kept_until IS NOT NULL THEN refresh_id END,
    kept = NULL;
UPDATE jwtpolicy_session SET kept_until = NULL WHERE kept_until IS NOT NULL;
"""

_POSTGRESQL: Final = f"""\
BEGIN;
ALTER TABLE jwtpolicy_session RENAME COLUMN created_at TO created_us;
ALTER TABLE jwtpolicy_session
    DROP COLUMN previous_id,
    ADD COLUMN facts BYTEA,
    ADD COLUMN predecessors BYTEA,
    ADD COLUMN replaced_at BIGINT,
    ADD COLUMN replaced_by BYTEA;
{_SESSIONS}\
DROP INDEX jwtpolicy_session_by_subject;
CREATE INDEX jwtpolicy_session_by_subject ON jwtpolicy_session (subject_key, created_us);
{_SUBJECTS}\
{_MEMORY};
{_DONE}\
COMMIT;
"""

_MYSQL: Final = f"""\
ALTER TABLE jwtpolicy_session
    CHANGE COLUMN created_at created_us BIGINT NOT NULL,
    DROP COLUMN previous_id,
    ADD COLUMN facts MEDIUMBLOB,
    ADD COLUMN predecessors MEDIUMBLOB,
    ADD COLUMN replaced_at BIGINT,
    ADD COLUMN replaced_by BLOB,
    DROP INDEX jwtpolicy_session_by_subject,
    ADD INDEX jwtpolicy_session_by_subject (subject_key, created_us);
{_SESSIONS}\
{_SUBJECTS}\
{_MEMORY} ENGINE=InnoDB;
{_DONE}"""

_SQLITE: Final = f"""\
BEGIN IMMEDIATE;
ALTER TABLE jwtpolicy_session RENAME TO jwtpolicy_session_1;
DROP INDEX jwtpolicy_session_by_expiry;
DROP INDEX jwtpolicy_session_by_subject;
DROP INDEX jwtpolicy_session_kept;
CREATE TABLE jwtpolicy_session (
    session_key BLOB NOT NULL,
    subject_key BLOB NOT NULL,
    is_ended SMALLINT NOT NULL,
    refresh_id BLOB NOT NULL,
    issuer BLOB NOT NULL,
    session_id BLOB NOT NULL,
    subject BLOB NOT NULL,
    created_us BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    idle_expires_at BIGINT,
    label BLOB,
    facts BLOB,
    predecessors BLOB,
    kept_until BIGINT,
    kept BLOB,
    replaced_at BIGINT,
    replaced_by BLOB,
    PRIMARY KEY (session_key)
) WITHOUT ROWID;
INSERT INTO jwtpolicy_session (session_key, subject_key, is_ended, refresh_id, issuer, session_id,
        subject, created_us, last_used_at, expires_at, idle_expires_at, label, kept_until)
    SELECT session_key, subject_key, is_ended, refresh_id, issuer, session_id,
        subject, created_at, last_used_at, expires_at, idle_expires_at, label, kept_until
    FROM jwtpolicy_session_1;
DROP TABLE jwtpolicy_session_1;
{_SESSIONS}\
CREATE INDEX jwtpolicy_session_by_expiry ON jwtpolicy_session (expires_at);
CREATE INDEX jwtpolicy_session_by_subject ON jwtpolicy_session (subject_key, created_us);
CREATE INDEX jwtpolicy_session_kept ON jwtpolicy_session (kept_until) WHERE kept_until IS NOT NULL;
{_SUBJECTS}\
{_MEMORY};
{_DONE}\
COMMIT;
"""  # noqa: S608 # constants

#: From version 1 to version 2, by dialect.
FROM_VERSION_1: Final = {"postgresql": _POSTGRESQL, "mysql": _MYSQL, "sqlite": _SQLITE}
