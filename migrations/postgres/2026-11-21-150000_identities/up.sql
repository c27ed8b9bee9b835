-- People in several workspaces, what proves who they are, what they share, and what everybody did. It only adds: the
-- release before goes on with it.

-- All rows, until the transaction ends.
SELECT set_config('colloquy.workspace', '*', true);

ALTER TABLE workspaces
    ADD COLUMN version bigint NOT NULL DEFAULT 1 CONSTRAINT workspace_version CHECK (version >= 1);

-- Its administrators manage the account itself. The release before does not name it.
ALTER TABLE users
    ADD COLUMN home_workspace_id uuid CONSTRAINT users_home_workspace REFERENCES workspaces (id),
    DROP CONSTRAINT user_state,
    ADD CONSTRAINT user_state CHECK (state IN ('pending', 'active', 'suspended'));
UPDATE users u SET home_workspace_id = (
    SELECT m.workspace_id FROM memberships m WHERE m.user_id = u.id ORDER BY m.created_at, m.workspace_id LIMIT 1
);
-- What is checked once the transaction ends stands in the way of the next change of the table.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE users
    ALTER COLUMN home_workspace_id SET NOT NULL,
    ALTER COLUMN home_workspace_id
        SET DEFAULT nullif(nullif(current_setting('colloquy.workspace', true), ''), '*')::uuid;

CREATE INDEX memberships_of_owners ON memberships (workspace_id, user_id) WHERE role = 'owner';

ALTER TABLE sessions
    ADD COLUMN generation   bigint NOT NULL DEFAULT 0
                            CONSTRAINT session_generation CHECK (generation BETWEEN 0 AND 4294967295),
    ADD COLUMN rotated_at   timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN last_used_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN kind         text NOT NULL DEFAULT 'browser'
                            CONSTRAINT session_kind CHECK (kind IN ('browser', 'program')),
    ADD COLUMN device       text CONSTRAINT session_device_length CHECK (char_length(device) BETWEEN 1 AND 120),
    ADD COLUMN last_address text
                            CONSTRAINT session_last_address_length CHECK (char_length(last_address) BETWEEN 2 AND 45);
UPDATE sessions SET rotated_at = created_at, last_used_at = created_at;
ALTER INDEX sessions_by_user RENAME TO sessions_by_membership;
CREATE INDEX sessions_by_user ON sessions (user_id, id DESC);

ALTER TABLE api_keys
    ADD COLUMN last_used_at        timestamptz,
    ADD COLUMN requests_per_minute bigint
                                   CONSTRAINT api_key_requests_per_minute
                                   CHECK (requests_per_minute BETWEEN 1 AND 4294967295),
    ADD COLUMN monthly_budget      bigint CONSTRAINT api_key_monthly_budget CHECK (monthly_budget >= 0);

-- One row for each key and month (counted from January 1970, UTC) in which it spent something.
CREATE TABLE api_key_spend (
    api_key_id    uuid NOT NULL CONSTRAINT api_key_spend_key REFERENCES api_keys (id) ON DELETE CASCADE,
    workspace_id  uuid NOT NULL,
    month         bigint NOT NULL,
    cost_microusd bigint NOT NULL CONSTRAINT usage_key_cost CHECK (cost_microusd >= 0),
    PRIMARY KEY (api_key_id, month)
) WITH (fillfactor = 50);

CREATE TABLE invitations (
    id           uuid NOT NULL PRIMARY KEY,
    workspace_id uuid NOT NULL CONSTRAINT invitations_workspace REFERENCES workspaces (id),
    invited_by   uuid CONSTRAINT invitations_inviter REFERENCES users (id) ON DELETE SET NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    email        text NOT NULL CONSTRAINT invitation_email_length CHECK (char_length(email) BETWEEN 3 AND 254),
    role         text NOT NULL CONSTRAINT invitation_role CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    token_hash   bytea NOT NULL CONSTRAINT invitations_token_hash_key UNIQUE
                 CONSTRAINT invitation_token_hash_form CHECK (octet_length(token_hash) = 32)
);
CREATE INDEX invitations_by_workspace ON invitations (workspace_id, id DESC);
CREATE INDEX invitations_by_inviter ON invitations (invited_by) WHERE invited_by IS NOT NULL;
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

CREATE TABLE tickets (
    id           uuid NOT NULL PRIMARY KEY,
    workspace_id uuid NOT NULL CONSTRAINT tickets_workspace REFERENCES workspaces (id),
    user_id      uuid CONSTRAINT tickets_user REFERENCES users (id) ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    kind         text NOT NULL
                 CONSTRAINT ticket_kind
                 CHECK (
                     kind IN (
                         'activation', 'password_reset', 'email_verification', 'passkey_registration', 'passkey_sign_in'
                     )
                 ),
    token_hash   bytea NOT NULL CONSTRAINT tickets_token_hash_key UNIQUE
                 CONSTRAINT ticket_token_hash_form CHECK (octet_length(token_hash) = 32),
    payload      text NOT NULL CONSTRAINT ticket_payload_size CHECK (octet_length(payload) <= 16384)
);
CREATE INDEX tickets_by_user ON tickets (user_id, kind) WHERE user_id IS NOT NULL;
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

CREATE TABLE totp_secrets (
    user_id       uuid NOT NULL PRIMARY KEY CONSTRAINT totp_secrets_user REFERENCES users (id) ON DELETE CASCADE,
    last_step     bigint NOT NULL CONSTRAINT totp_last_step CHECK (last_step >= 0),
    enabled_at    timestamptz NOT NULL,
    sealed_secret bytea NOT NULL CONSTRAINT totp_sealed_secret_size CHECK (octet_length(sealed_secret) BETWEEN 1 AND 1024)
);

CREATE TABLE recovery_codes (
    user_id uuid NOT NULL CONSTRAINT recovery_codes_user REFERENCES users (id) ON DELETE CASCADE,
    code    bytea NOT NULL CONSTRAINT recovery_code_form CHECK (octet_length(code) = 32),
    PRIMARY KEY (user_id, code)
);

CREATE TABLE passkeys (
    id            uuid NOT NULL PRIMARY KEY,
    user_id       uuid NOT NULL CONSTRAINT passkeys_user REFERENCES users (id) ON DELETE CASCADE,
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz,
    name          text NOT NULL CONSTRAINT passkey_name_length CHECK (char_length(name) BETWEEN 1 AND 120),
    credential_id bytea NOT NULL CONSTRAINT passkeys_credential_id_key UNIQUE
                  CONSTRAINT passkey_credential_id_size CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    credential    text NOT NULL CONSTRAINT passkey_credential_size CHECK (octet_length(credential) BETWEEN 1 AND 65536)
);
CREATE INDEX passkeys_by_user ON passkeys (user_id, id DESC);

CREATE TABLE external_identities (
    user_id    uuid NOT NULL CONSTRAINT external_identities_user REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    issuer     text NOT NULL CONSTRAINT external_issuer_length CHECK (char_length(issuer) BETWEEN 1 AND 2048),
    subject    text NOT NULL CONSTRAINT external_subject_length CHECK (char_length(subject) BETWEEN 1 AND 255),
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX external_identities_by_user ON external_identities (user_id, created_at);

CREATE TABLE projects (
    id           uuid NOT NULL PRIMARY KEY,
    workspace_id uuid NOT NULL CONSTRAINT projects_workspace REFERENCES workspaces (id),
    -- Outlives the account.
    created_by   uuid NOT NULL,
    version      bigint NOT NULL CONSTRAINT project_version CHECK (version >= 1),
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    name         text NOT NULL CONSTRAINT project_name_length CHECK (char_length(name) BETWEEN 1 AND 120),
    description  text CONSTRAINT project_description_length CHECK (char_length(description) BETWEEN 1 AND 4000),
    -- What members and conversations refer to: their workspace is that of their project.
    CONSTRAINT projects_place_key UNIQUE (id, workspace_id)
);

CREATE TABLE project_members (
    project_id   uuid NOT NULL,
    workspace_id uuid NOT NULL,
    user_id      uuid NOT NULL,
    added_at     timestamptz NOT NULL,
    access       text NOT NULL CONSTRAINT project_access CHECK (access IN ('read', 'write', 'manage')),
    PRIMARY KEY (project_id, user_id),
    CONSTRAINT project_members_project
        FOREIGN KEY (project_id, workspace_id) REFERENCES projects (id, workspace_id) ON DELETE CASCADE,
    CONSTRAINT project_members_membership
        FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX project_members_by_user ON project_members (workspace_id, user_id, project_id DESC);

ALTER TABLE conversations
    ADD COLUMN project_id uuid,
    ADD CONSTRAINT conversations_project
        FOREIGN KEY (project_id, workspace_id) REFERENCES projects (id, workspace_id) ON DELETE SET NULL (project_id);
-- Most conversations are in no project.
CREATE INDEX conversations_by_project ON conversations (project_id, updated_at DESC, id DESC)
    WHERE project_id IS NOT NULL;

-- What is remarkable about the content; NULL where nothing is. There are many messages, and a check would read them all.
ALTER TABLE messages ADD COLUMN flags jsonb;

CREATE TABLE shares (
    id              uuid NOT NULL PRIMARY KEY,
    workspace_id    uuid NOT NULL,
    conversation_id uuid NOT NULL,
    owner_id        uuid NOT NULL,
    leaf_id         uuid,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz,
    kind            text NOT NULL CONSTRAINT share_kind CHECK (kind IN ('live', 'snapshot')),
    token_hash      bytea NOT NULL CONSTRAINT share_token_hash_form CHECK (octet_length(token_hash) = 32),
    snapshot        text CONSTRAINT share_snapshot CHECK ((kind = 'snapshot') = (snapshot IS NOT NULL)),
    CONSTRAINT shares_conversation
        FOREIGN KEY (conversation_id, workspace_id, owner_id) REFERENCES conversations (id, workspace_id, owner_id)
        ON DELETE CASCADE
);
CREATE INDEX shares_by_conversation ON shares (conversation_id, id DESC);

CREATE TABLE providers (
    id             uuid NOT NULL PRIMARY KEY,
    workspace_id   uuid NOT NULL CONSTRAINT providers_workspace REFERENCES workspaces (id),
    version        bigint NOT NULL CONSTRAINT provider_version CHECK (version >= 1),
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    enabled        boolean NOT NULL,
    name           text NOT NULL CONSTRAINT providers_name_key UNIQUE
                   CONSTRAINT provider_name_length CHECK (char_length(name) BETWEEN 1 AND 40),
    kind           text NOT NULL CONSTRAINT provider_kind_length CHECK (char_length(kind) BETWEEN 1 AND 40),
    base_url       text CONSTRAINT provider_base_url_length CHECK (char_length(base_url) BETWEEN 1 AND 2048),
    sealed_api_key bytea
                   CONSTRAINT provider_sealed_api_key_size CHECK (octet_length(sealed_api_key) BETWEEN 1 AND 16384),
    models         jsonb NOT NULL CONSTRAINT provider_models CHECK (jsonb_typeof(models) = 'array')
);

-- The keys of the server itself, encrypted with the one from the settings; of each purpose one is not retired.
CREATE TABLE secret_keys (
    id         uuid NOT NULL PRIMARY KEY,
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    purpose    text NOT NULL CONSTRAINT secret_key_purpose CHECK (purpose IN ('hashing', 'sealing', 'signing')),
    wrapped    bytea NOT NULL CONSTRAINT secret_key_wrapped_size CHECK (octet_length(wrapped) BETWEEN 1 AND 1024),
    wrapped_by text NOT NULL CONSTRAINT secret_key_wrapped_by_length CHECK (char_length(wrapped_by) BETWEEN 1 AND 64)
);
CREATE UNIQUE INDEX secret_keys_in_use ON secret_keys (purpose) WHERE retired_at IS NULL;

-- Entries outlive whom and what they are about, hence no foreign keys but that of the workspace. The hash is over each
-- character of the detail, so that is no structured value.
CREATE TABLE audit_entries (
    workspace_id  uuid NOT NULL CONSTRAINT audit_entries_workspace REFERENCES workspaces (id),
    sequence      bigint NOT NULL CONSTRAINT audit_sequence CHECK (sequence >= 1),
    at            timestamptz NOT NULL,
    actor_id      uuid,
    credential_id uuid,
    user_id       uuid,
    subject_id    uuid,
    -- In the order of bytes, so that an index finds what begins alike.
    name          text COLLATE "C" NOT NULL,
    credential    text NOT NULL CONSTRAINT audit_credential CHECK (credential IN ('session', 'api_key', 'system')),
    address       text,
    request_id    text,
    detail        text NOT NULL CONSTRAINT audit_detail CHECK (json_typeof(detail::json) = 'object'),
    hash          bytea NOT NULL CONSTRAINT audit_hash_form CHECK (octet_length(hash) = 32),
    PRIMARY KEY (workspace_id, sequence)
);
CREATE INDEX audit_entries_by_actor ON audit_entries (workspace_id, actor_id, sequence DESC) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_entries_by_user ON audit_entries (workspace_id, user_id, sequence DESC) WHERE user_id IS NOT NULL;
CREATE INDEX audit_entries_by_name ON audit_entries (workspace_id, name, sequence DESC);
CREATE INDEX audit_entries_by_time ON audit_entries (workspace_id, at);

-- Where each log ends, so that entries cannot be cut off at its end unnoticed. Its row is locked while an entry is added.
CREATE TABLE audit_heads (
    workspace_id uuid NOT NULL PRIMARY KEY CONSTRAINT audit_heads_workspace REFERENCES workspaces (id),
    sequence     bigint NOT NULL CONSTRAINT audit_head_sequence CHECK (sequence >= 0),
    hash         bytea NOT NULL CONSTRAINT audit_head_hash_form CHECK (octet_length(hash) = 32)
) WITH (fillfactor = 50);

-- The application's role may only read the two tables; whoever owns them is told by these.
CREATE FUNCTION audit_entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_entries_stay', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_stay();
CREATE TRIGGER audit_heads_stay BEFORE DELETE OR TRUNCATE ON audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_stay();
CREATE TRIGGER audit_heads_only_move_on BEFORE UPDATE ON audit_heads FOR EACH ROW
    WHEN (new.workspace_id <> old.workspace_id OR new.sequence <= old.sequence)
    EXECUTE FUNCTION audit_entries_stay();

-- Adds entries of one unit of work to the end of a workspace's log: each the next link of the chain of hashes. What is
-- the same for all of them is given once, the digest of each record by whoever made it. Gives the last place.
CREATE FUNCTION append_audit(
    workspace uuid, happened_at timestamptz, actor uuid, credential_kind text, presented uuid, came_from text,
    request text, names text[], people uuid[], subjects uuid[], details text[], digests bytea[]
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    newest bigint;
    newest_hash bytea;
BEGIN
    IF coalesce(current_setting('colloquy.workspace', true), '') NOT IN ('*', workspace::text) THEN
        RAISE EXCEPTION 'the audit log of another workspace' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO audit_heads (workspace_id, sequence, hash) VALUES (workspace, 0, decode(repeat('00', 32), 'hex'))
    ON CONFLICT DO NOTHING;
    SELECT h.sequence, h.hash INTO newest, newest_hash FROM audit_heads h WHERE h.workspace_id = workspace FOR UPDATE;
    FOR place IN 1 .. cardinality(names) LOOP
        newest := newest + 1;
        newest_hash := sha256(newest_hash || int8send(newest) || digests[place]);
        INSERT INTO audit_entries (
            workspace_id, sequence, at, actor_id, credential_id, user_id, subject_id, name, credential, address,
            request_id, detail, hash
        ) VALUES (
            workspace, newest, happened_at, actor, presented, people[place], subjects[place], names[place],
            credential_kind, came_from, request, details[place], newest_hash
        );
    END LOOP;
    UPDATE audit_heads h SET sequence = newest, hash = newest_hash WHERE h.workspace_id = workspace;
    RETURN newest;
END
$$;
-- A temporary table must not stand before the real one.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION append_audit SET search_path = %I, pg_temp', current_schema());
END
$$;

-- The wall. Most of it is as for the other tables.
DO $$
DECLARE
    name text;
    this_workspace constant text :=
        '(SELECT nullif(nullif(current_setting(''colloquy.workspace'', true), ''''), ''*'')::uuid)';
    every_workspace constant text := '(SELECT current_setting(''colloquy.workspace'', true)) = ''*''';
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'api_key_spend', 'invitations', 'projects', 'project_members', 'shares', 'providers', 'audit_entries',
        'audit_heads'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY workspace ON %I USING (%s OR workspace_id = %s)', name, every_workspace, this_workspace
        );
    END LOOP;

    -- What belongs to a person is seen where the person is: they prove who they are in any workspace of theirs.
    FOREACH name IN ARRAY ARRAY['totp_secrets', 'recovery_codes', 'passkeys', 'external_identities'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY workspace ON %1$I USING (%2$s OR EXISTS (
                 SELECT 1 FROM memberships m WHERE m.user_id = %1$I.user_id AND m.workspace_id = %3$s
             ))',
            name, every_workspace, this_workspace
        );
    END LOOP;

    -- A ticket may be made before it is known who asks, and be used in the workspace where that turns out; its secret
    -- leads to it. The head of a person's facts, and what is forgotten of them, is the same in all their workspaces: an
    -- id and a number.
    DROP POLICY workspace ON journal_heads;
    DROP POLICY workspace ON forgotten_events;
    ALTER TABLE tickets ENABLE ROW LEVEL SECURITY;
    ALTER TABLE tickets FORCE ROW LEVEL SECURITY;
    FOREACH name IN ARRAY ARRAY['tickets', 'journal_heads', 'forgotten_events'] LOOP
        EXECUTE format(
            'CREATE POLICY workspace ON %I USING ((SELECT current_setting(''colloquy.workspace'', true)) <> '''')', name
        );
    END LOOP;

    -- The server's own keys are nobody's in a workspace.
    ALTER TABLE secret_keys ENABLE ROW LEVEL SECURITY;
    ALTER TABLE secret_keys FORCE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY workspace ON secret_keys USING (%s)', every_workspace);
END
$$;

-- Whoever made the role may have had other default privileges.
REVOKE EXECUTE ON FUNCTION append_audit FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'colloquy_app') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON api_key_spend, invitations, tickets, totp_secrets, recovery_codes,
            passkeys, external_identities, projects, project_members, shares, providers, secret_keys TO colloquy_app;
        REVOKE ALL ON audit_entries, audit_heads FROM colloquy_app;
        GRANT SELECT ON audit_entries, audit_heads TO colloquy_app;
        GRANT EXECUTE ON FUNCTION append_audit TO colloquy_app;
    END IF;
END
$$;
