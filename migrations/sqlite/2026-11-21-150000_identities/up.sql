-- People in several workspaces, what proves who they are, what they share, and what everybody did.

ALTER TABLE workspaces ADD COLUMN version INTEGER NOT NULL DEFAULT 1 CONSTRAINT workspace_version CHECK (version >= 1);

-- A check cannot be changed, so the table is made anew; references to it are checked once all migrations are done.
CREATE TABLE new_users (
    id                BLOB NOT NULL PRIMARY KEY CONSTRAINT user_id_form CHECK (length(id) = 16),
    -- Its administrators manage the account itself.
    home_workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    email             TEXT NOT NULL UNIQUE COLLATE NOCASE CONSTRAINT user_email_length CHECK (length(email) BETWEEN 3 AND 254),
    display_name      TEXT NOT NULL CONSTRAINT user_display_name_length CHECK (length(display_name) BETWEEN 1 AND 120),
    state             TEXT NOT NULL CONSTRAINT user_state CHECK (state IN ('pending', 'active', 'suspended')),
    password_hash     TEXT,
    version           INTEGER NOT NULL CONSTRAINT user_version CHECK (version >= 1),
    created_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO new_users (id, home_workspace_id, email, display_name, state, password_hash, version, created_at)
SELECT
    u.id,
    (SELECT m.workspace_id FROM memberships m WHERE m.user_id = u.id ORDER BY m.created_at, m.workspace_id LIMIT 1),
    u.email, u.display_name, u.state, u.password_hash, u.version, u.created_at
FROM users u;
DROP TABLE users;
ALTER TABLE new_users RENAME TO users;

CREATE INDEX memberships_of_owners ON memberships (workspace_id, user_id) WHERE role = 'owner';

CREATE TABLE new_sessions (
    id           BLOB NOT NULL PRIMARY KEY CONSTRAINT session_id_form CHECK (length(id) = 16),
    workspace_id BLOB NOT NULL,
    user_id      BLOB NOT NULL,
    kind         TEXT NOT NULL CONSTRAINT session_kind CHECK (kind IN ('browser', 'program')),
    token_hash   BLOB NOT NULL UNIQUE CONSTRAINT session_token_hash_form CHECK (length(token_hash) = 32),
    generation   INTEGER NOT NULL CONSTRAINT session_generation CHECK (generation BETWEEN 0 AND 4294967295),
    rotated_at   INTEGER NOT NULL,
    device       TEXT CONSTRAINT session_device_length CHECK (length(device) BETWEEN 1 AND 120),
    last_address TEXT CONSTRAINT session_last_address_length CHECK (length(last_address) BETWEEN 2 AND 45),
    last_used_at INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO new_sessions (
    id, workspace_id, user_id, kind, token_hash, generation, rotated_at, last_used_at, created_at, expires_at
)
SELECT id, workspace_id, user_id, 'browser', token_hash, 0, created_at, created_at, created_at, expires_at FROM sessions;
DROP TABLE sessions;
ALTER TABLE new_sessions RENAME TO sessions;
CREATE INDEX sessions_by_membership ON sessions (workspace_id, user_id);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;
ALTER TABLE api_keys ADD COLUMN requests_per_minute INTEGER
    CONSTRAINT api_key_requests_per_minute CHECK (requests_per_minute BETWEEN 1 AND 4294967295);
ALTER TABLE api_keys ADD COLUMN monthly_budget INTEGER CONSTRAINT api_key_monthly_budget CHECK (monthly_budget >= 0);

-- One row for each key and month (counted from January 1970, UTC) in which it spent something.
CREATE TABLE api_key_spend (
    api_key_id    BLOB NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    month         INTEGER NOT NULL,
    cost_microusd INTEGER NOT NULL CONSTRAINT usage_key_cost CHECK (cost_microusd >= 0),
    PRIMARY KEY (api_key_id, month)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitations (
    id           BLOB NOT NULL PRIMARY KEY CONSTRAINT invitation_id_form CHECK (length(id) = 16),
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    email        TEXT NOT NULL COLLATE NOCASE CONSTRAINT invitation_email_length CHECK (length(email) BETWEEN 3 AND 254),
    role         TEXT NOT NULL CONSTRAINT invitation_role CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    token_hash   BLOB NOT NULL UNIQUE CONSTRAINT invitation_token_hash_form CHECK (length(token_hash) = 32),
    invited_by   BLOB REFERENCES users (id) ON DELETE SET NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_by_workspace ON invitations (workspace_id, id);
CREATE INDEX invitations_by_inviter ON invitations (invited_by) WHERE invited_by IS NOT NULL;
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

CREATE TABLE tickets (
    id           BLOB NOT NULL PRIMARY KEY CONSTRAINT ticket_id_form CHECK (length(id) = 16),
    kind         TEXT NOT NULL
                 CONSTRAINT ticket_kind
                 CHECK (
                     kind IN (
                         'activation', 'password_reset', 'email_verification', 'passkey_registration', 'passkey_sign_in'
                     )
                 ),
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    user_id      BLOB REFERENCES users (id) ON DELETE CASCADE,
    token_hash   BLOB NOT NULL UNIQUE CONSTRAINT ticket_token_hash_form CHECK (length(token_hash) = 32),
    payload      TEXT NOT NULL CONSTRAINT ticket_payload_size CHECK (length(CAST(payload AS BLOB)) <= 16384),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tickets_by_user ON tickets (user_id, kind) WHERE user_id IS NOT NULL;
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

CREATE TABLE totp_secrets (
    user_id       BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed_secret BLOB NOT NULL CONSTRAINT totp_sealed_secret_size CHECK (length(sealed_secret) BETWEEN 1 AND 1024),
    last_step     INTEGER NOT NULL CONSTRAINT totp_last_step CHECK (last_step >= 0),
    enabled_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_codes (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code    BLOB NOT NULL CONSTRAINT recovery_code_form CHECK (length(code) = 32),
    PRIMARY KEY (user_id, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE passkeys (
    id            BLOB NOT NULL PRIMARY KEY CONSTRAINT passkey_id_form CHECK (length(id) = 16),
    user_id       BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name          TEXT NOT NULL CONSTRAINT passkey_name_length CHECK (length(name) BETWEEN 1 AND 120),
    credential_id BLOB NOT NULL UNIQUE CONSTRAINT passkey_credential_id_size CHECK (length(credential_id) BETWEEN 1 AND 1023),
    credential    TEXT NOT NULL CONSTRAINT passkey_credential_size CHECK (length(CAST(credential AS BLOB)) BETWEEN 1 AND 65536),
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_by_user ON passkeys (user_id, id);

CREATE TABLE external_identities (
    issuer     TEXT NOT NULL CONSTRAINT external_issuer_length CHECK (length(issuer) BETWEEN 1 AND 2048),
    subject    TEXT NOT NULL CONSTRAINT external_subject_length CHECK (length(subject) BETWEEN 1 AND 255),
    user_id    BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX external_identities_by_user ON external_identities (user_id, created_at, issuer, subject);

CREATE TABLE projects (
    id           BLOB NOT NULL PRIMARY KEY CONSTRAINT project_id_form CHECK (length(id) = 16),
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    name         TEXT NOT NULL CONSTRAINT project_name_length CHECK (length(name) BETWEEN 1 AND 120),
    description  TEXT CONSTRAINT project_description_length CHECK (length(description) BETWEEN 1 AND 4000),
    -- Outlives the account.
    created_by   BLOB NOT NULL,
    version      INTEGER NOT NULL CONSTRAINT project_version CHECK (version >= 1),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (id, workspace_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE project_members (
    workspace_id BLOB NOT NULL,
    project_id   BLOB NOT NULL,
    user_id      BLOB NOT NULL,
    access       TEXT NOT NULL CONSTRAINT project_access CHECK (access IN ('read', 'write', 'manage')),
    added_at     INTEGER NOT NULL,
    PRIMARY KEY (project_id, user_id),
    FOREIGN KEY (project_id, workspace_id) REFERENCES projects (id, workspace_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX project_members_by_user ON project_members (workspace_id, user_id, project_id);

ALTER TABLE conversations ADD COLUMN project_id BLOB REFERENCES projects (id) ON DELETE SET NULL;
CREATE INDEX conversations_by_project ON conversations (project_id, updated_at DESC, id DESC, pinned, archived)
WHERE project_id IS NOT NULL;

-- What is remarkable about the content; nothing where nothing is.
ALTER TABLE messages ADD COLUMN flags TEXT CONSTRAINT message_flags CHECK (json_type(flags) = 'array');

CREATE TABLE shares (
    id              BLOB NOT NULL PRIMARY KEY CONSTRAINT share_id_form CHECK (length(id) = 16),
    workspace_id    BLOB NOT NULL,
    conversation_id BLOB NOT NULL,
    owner_id        BLOB NOT NULL,
    kind            TEXT NOT NULL CONSTRAINT share_kind CHECK (kind IN ('live', 'snapshot')),
    token_hash      BLOB NOT NULL CONSTRAINT share_token_hash_form CHECK (length(token_hash) = 32),
    leaf_id         BLOB,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER,
    snapshot        TEXT,
    CONSTRAINT share_snapshot CHECK ((kind = 'snapshot') = (snapshot IS NOT NULL)),
    FOREIGN KEY (conversation_id, workspace_id) REFERENCES conversations (id, workspace_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX shares_by_conversation ON shares (conversation_id, id);

CREATE TABLE providers (
    id             BLOB NOT NULL PRIMARY KEY CONSTRAINT provider_id_form CHECK (length(id) = 16),
    workspace_id   BLOB NOT NULL REFERENCES workspaces (id),
    name           TEXT NOT NULL UNIQUE CONSTRAINT provider_name_length CHECK (length(name) BETWEEN 1 AND 40),
    kind           TEXT NOT NULL CONSTRAINT provider_kind_length CHECK (length(kind) BETWEEN 1 AND 40),
    base_url       TEXT CONSTRAINT provider_base_url_length CHECK (length(base_url) BETWEEN 1 AND 2048),
    sealed_api_key BLOB CONSTRAINT provider_sealed_api_key_size CHECK (length(sealed_api_key) BETWEEN 1 AND 16384),
    models         TEXT NOT NULL CONSTRAINT provider_models CHECK (json_type(models) = 'array'),
    enabled        INTEGER NOT NULL CONSTRAINT provider_enabled CHECK (enabled IN (0, 1)),
    version        INTEGER NOT NULL CONSTRAINT provider_version CHECK (version >= 1),
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The keys of the server itself, encrypted with the one from the settings; of each purpose one is not retired.
CREATE TABLE secret_keys (
    id         BLOB NOT NULL PRIMARY KEY CONSTRAINT secret_key_id_form CHECK (length(id) = 16),
    purpose    TEXT NOT NULL CONSTRAINT secret_key_purpose CHECK (purpose IN ('hashing', 'sealing', 'signing')),
    wrapped    BLOB NOT NULL CONSTRAINT secret_key_wrapped_size CHECK (length(wrapped) BETWEEN 1 AND 1024),
    wrapped_by TEXT NOT NULL CONSTRAINT secret_key_wrapped_by_length CHECK (length(wrapped_by) BETWEEN 1 AND 64),
    created_at INTEGER NOT NULL,
    retired_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX secret_keys_in_use ON secret_keys (purpose) WHERE retired_at IS NULL;

-- Entries outlive whom and what they are about, hence no foreign keys but that of the workspace.
CREATE TABLE audit_entries (
    workspace_id  BLOB NOT NULL REFERENCES workspaces (id),
    sequence      INTEGER NOT NULL CONSTRAINT audit_sequence CHECK (sequence >= 1),
    name          TEXT NOT NULL,
    at            INTEGER NOT NULL,
    actor_id      BLOB,
    credential    TEXT NOT NULL CONSTRAINT audit_credential CHECK (credential IN ('session', 'api_key', 'system')),
    credential_id BLOB,
    address       TEXT,
    request_id    TEXT,
    user_id       BLOB,
    subject_id    BLOB,
    detail        TEXT NOT NULL CONSTRAINT audit_detail CHECK (json_type(detail) = 'object'),
    hash          BLOB NOT NULL CONSTRAINT audit_hash_form CHECK (length(hash) = 32),
    PRIMARY KEY (workspace_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_entries_by_actor ON audit_entries (workspace_id, actor_id, sequence) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_entries_by_user ON audit_entries (workspace_id, user_id, sequence) WHERE user_id IS NOT NULL;
CREATE INDEX audit_entries_by_name ON audit_entries (workspace_id, name, sequence);

-- Where each log ends, so that entries cannot be cut off at its end unnoticed.
CREATE TABLE audit_heads (
    workspace_id BLOB NOT NULL PRIMARY KEY REFERENCES workspaces (id),
    sequence     INTEGER NOT NULL CONSTRAINT audit_head_sequence CHECK (sequence >= 1),
    hash         BLOB NOT NULL CONSTRAINT audit_head_hash_form CHECK (length(hash) = 32)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_entries_are_never_changed BEFORE UPDATE ON audit_entries
BEGIN
    SELECT raise(ABORT, 'rule: audit');
END;

CREATE TRIGGER audit_entries_are_never_deleted BEFORE DELETE ON audit_entries
BEGIN
    SELECT raise(ABORT, 'rule: audit');
END;

CREATE TRIGGER audit_entries_are_never_replaced BEFORE INSERT ON audit_entries
WHEN EXISTS (SELECT 1 FROM audit_entries WHERE workspace_id = new.workspace_id AND sequence = new.sequence)
BEGIN
    SELECT raise(ABORT, 'rule: audit');
END;

CREATE TRIGGER conversations_begin_in_a_project_of_their_workspace BEFORE INSERT ON conversations
WHEN new.project_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM projects WHERE id = new.project_id AND workspace_id = new.workspace_id)
BEGIN
    SELECT raise(ABORT, 'rule: project_place');
END;

CREATE TRIGGER conversations_move_to_a_project_of_their_workspace BEFORE UPDATE OF project_id ON conversations
WHEN new.project_id IS NOT NULL AND new.project_id IS NOT old.project_id
    AND NOT EXISTS (SELECT 1 FROM projects WHERE id = new.project_id AND workspace_id = new.workspace_id)
BEGIN
    SELECT raise(ABORT, 'rule: project_place');
END;
