-- Conventions: ids are UUIDv7, times are timestamptz, numbers are bigint. Structured values are jsonb; those that hold
-- free text are json, because jsonb refuses the NUL that a model or an import may have written.
-- Constraints are named after what they keep, because their names appear in errors. Rules that a trigger keeps carry a
-- name too (`conversation_active_leaf`, `message_place`), with the code of a check violation.

-- Of this schema, the oldest migration whose binary can still serve. A migration that only adds leaves it as it is.
CREATE TABLE schema_compatibility (
    id               bigint NOT NULL PRIMARY KEY DEFAULT 1 CONSTRAINT schema_compatibility_one CHECK (id = 1),
    oldest_migration text NOT NULL
);
INSERT INTO schema_compatibility (oldest_migration) VALUES ('20261121000000');

-- What the readiness probe writes, to know that writing works.
CREATE TABLE health_probe (
    id     bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    writes bigint NOT NULL
);
INSERT INTO health_probe (id, writes) VALUES (1, 0);

CREATE TABLE workspaces (
    id              uuid NOT NULL PRIMARY KEY,
    name            text NOT NULL CONSTRAINT workspace_name_length CHECK (char_length(name) BETWEEN 1 AND 120),
    -- How the words of messages are stemmed. A new language holds for new words at once, and for old ones once they
    -- are indexed anew.
    search_language text NOT NULL DEFAULT 'simple'
                    CONSTRAINT workspace_search_language CHECK (search_language IN (
                        'simple', 'arabic', 'armenian', 'basque', 'catalan', 'danish', 'dutch', 'english', 'finnish',
                        'french', 'german', 'greek', 'hindi', 'hungarian', 'indonesian', 'irish', 'italian',
                        'lithuanian', 'nepali', 'norwegian', 'portuguese', 'romanian', 'russian', 'serbian', 'spanish',
                        'swedish', 'tamil', 'turkish', 'yiddish'
                    )),
    created_at      timestamptz NOT NULL
);
CREATE INDEX workspaces_by_age ON workspaces (created_at, id);

CREATE TABLE users (
    id            uuid NOT NULL PRIMARY KEY,
    email         text NOT NULL CONSTRAINT user_email_length CHECK (char_length(email) BETWEEN 3 AND 254),
    -- Row security lets an index answer only what cannot leak, and lower() is not known not to.
    email_folded  text NOT NULL GENERATED ALWAYS AS (lower(email)) STORED CONSTRAINT users_email_key UNIQUE,
    display_name  text NOT NULL CONSTRAINT user_display_name_length CHECK (char_length(display_name) BETWEEN 1 AND 120),
    state         text NOT NULL CONSTRAINT user_state CHECK (state IN ('active', 'suspended')),
    password_hash text,
    version       bigint NOT NULL CONSTRAINT user_version CHECK (version >= 1),
    created_at    timestamptz NOT NULL
);

CREATE TABLE memberships (
    workspace_id uuid NOT NULL CONSTRAINT memberships_workspace REFERENCES workspaces (id),
    user_id      uuid NOT NULL CONSTRAINT memberships_user REFERENCES users (id) ON DELETE CASCADE,
    role         text NOT NULL CONSTRAINT membership_role CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id, created_at);

CREATE TABLE sessions (
    id           uuid NOT NULL PRIMARY KEY,
    workspace_id uuid NOT NULL,
    user_id      uuid NOT NULL,
    token_hash   bytea NOT NULL CONSTRAINT sessions_token_hash_key UNIQUE
                 CONSTRAINT session_token_hash_form CHECK (octet_length(token_hash) = 32),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    CONSTRAINT sessions_membership
        FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX sessions_by_user ON sessions (workspace_id, user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
    id           uuid NOT NULL PRIMARY KEY,
    workspace_id uuid NOT NULL,
    user_id      uuid NOT NULL,
    name         text NOT NULL CONSTRAINT api_key_name_length CHECK (char_length(name) BETWEEN 1 AND 120),
    prefix       text NOT NULL,
    key_hash     bytea NOT NULL CONSTRAINT api_keys_key_hash_key UNIQUE
                 CONSTRAINT api_key_hash_form CHECK (octet_length(key_hash) = 32),
    scopes       jsonb NOT NULL CONSTRAINT api_key_scopes CHECK (jsonb_typeof(scopes) = 'array'),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    CONSTRAINT api_keys_membership
        FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX api_keys_by_user ON api_keys (workspace_id, user_id, id DESC);

CREATE TABLE conversations (
    id                          uuid NOT NULL PRIMARY KEY,
    workspace_id                uuid NOT NULL CONSTRAINT conversations_workspace REFERENCES workspaces (id),
    owner_id                    uuid NOT NULL CONSTRAINT conversations_owner REFERENCES users (id),
    active_leaf_id              uuid,
    -- Between these ids lie all its messages, so that reading them touches the partitions between and no others. They
    -- are kept by the database and never drawn in again.
    oldest_message_id           uuid,
    newest_message_id           uuid,
    forked_from_conversation_id uuid,
    forked_from_message_id      uuid,
    version                     bigint NOT NULL CONSTRAINT conversation_version CHECK (version >= 1),
    message_count               bigint NOT NULL DEFAULT 0
                                CONSTRAINT conversation_message_count CHECK (message_count >= 0),
    created_at                  timestamptz NOT NULL,
    updated_at                  timestamptz NOT NULL,
    pinned                      boolean NOT NULL,
    archived                    boolean NOT NULL,
    title                       text NOT NULL CONSTRAINT conversation_title_length CHECK (char_length(title) BETWEEN 1 AND 200),
    -- The title in lower case by the rules of Unicode, whatever the locale of the database.
    title_folded                text NOT NULL,
    title_origin                text NOT NULL
                                CONSTRAINT conversation_title_origin
                                CHECK (title_origin IN ('default', 'question', 'model', 'person')),
    model                       text CONSTRAINT conversation_model_length CHECK (char_length(model) BETWEEN 1 AND 200),
    parameters                  jsonb NOT NULL,
    system_prompt               text
                                CONSTRAINT conversation_system_prompt_length
                                CHECK (char_length(system_prompt) BETWEEN 1 AND 32768),
    -- What messages refer to: their workspace and their owner are those of their conversation.
    CONSTRAINT conversations_place_key UNIQUE (id, workspace_id, owner_id),
    CONSTRAINT conversation_fork CHECK ((forked_from_conversation_id IS NULL) = (forked_from_message_id IS NULL))
);
CREATE INDEX conversations_by_update ON conversations (workspace_id, owner_id, updated_at DESC, id DESC);
CREATE INDEX conversations_pinned ON conversations (workspace_id, owner_id, updated_at DESC, id DESC) WHERE pinned;
CREATE INDEX conversations_archived ON conversations (workspace_id, owner_id, updated_at DESC, id DESC) WHERE archived;
-- Most conversations have no parameters of their own.
CREATE INDEX conversations_by_parameters ON conversations USING gin (parameters jsonb_path_ops) WHERE parameters <> '{}';

CREATE TABLE messages (
    id                uuid NOT NULL,
    workspace_id      uuid NOT NULL,
    conversation_id   uuid NOT NULL,
    owner_id          uuid NOT NULL,
    parent_id         uuid CONSTRAINT message_parent CHECK (parent_id <> id),
    version           bigint NOT NULL CONSTRAINT message_version CHECK (version >= 1),
    created_at        timestamptz NOT NULL,
    edited_at         timestamptz,
    role              text NOT NULL CONSTRAINT message_role CHECK (role IN ('system', 'user', 'assistant', 'tool')),
    status            text NOT NULL
                      CONSTRAINT message_status
                      CHECK (status IN ('pending', 'streaming', 'complete', 'interrupted', 'failed', 'cancelled')),
    model             text CONSTRAINT message_model_length CHECK (char_length(model) BETWEEN 1 AND 200),
    finish_reason     text
                      CONSTRAINT message_finish_reason
                      CHECK (finish_reason IN ('stop', 'length', 'tool_calls', 'content_filter', 'other')),
    usage             jsonb CONSTRAINT message_cost CHECK ((usage ->> 'cost_microusd')::bigint >= 0),
    failure           json,
    parts             json NOT NULL,
    effective_request jsonb,
    -- What search finds, made by message_words(); NULL where there are no words.
    words             tsvector,
    PRIMARY KEY (id),
    CONSTRAINT messages_place_key UNIQUE (conversation_id, id),
    CONSTRAINT messages_conversation
        FOREIGN KEY (conversation_id, workspace_id, owner_id) REFERENCES conversations (id, workspace_id, owner_id)
        ON DELETE CASCADE,
    CONSTRAINT messages_parent FOREIGN KEY (conversation_id, parent_id) REFERENCES messages (conversation_id, id)
) PARTITION BY RANGE (id);
CREATE TABLE messages_default PARTITION OF messages DEFAULT;
CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id, id);
CREATE INDEX messages_by_owner ON messages (owner_id, id DESC);
CREATE INDEX messages_by_words ON messages USING gin (words);

CREATE TABLE message_edits (
    id               uuid NOT NULL PRIMARY KEY,
    workspace_id     uuid NOT NULL,
    message_id       uuid NOT NULL CONSTRAINT message_edits_message REFERENCES messages (id) ON DELETE CASCADE,
    edited_by        uuid NOT NULL,
    edited_at        timestamptz NOT NULL,
    replaced_version bigint NOT NULL CONSTRAINT edit_replaced_version CHECK (replaced_version >= 1),
    replaced_parts   json NOT NULL
);
CREATE INDEX message_edits_by_message ON message_edits (message_id, id DESC);

CREATE TABLE runs (
    id               uuid NOT NULL PRIMARY KEY,
    workspace_id     uuid NOT NULL,
    conversation_id  uuid NOT NULL,
    message_id       uuid NOT NULL,
    user_id          uuid NOT NULL,
    lease_owner      uuid NOT NULL,
    lease_expires_at timestamptz NOT NULL,
    started_at       timestamptz NOT NULL,
    ended_at         timestamptz,
    -- Somebody asked to stop a run that another process carries out.
    stop_requested   boolean NOT NULL DEFAULT false,
    model            text NOT NULL CONSTRAINT run_model_length CHECK (char_length(model) BETWEEN 1 AND 200),
    status           text NOT NULL
                     CONSTRAINT run_status CHECK (status IN ('running', 'completed', 'failed', 'cancelled', 'interrupted')),
    failure          json,
    CONSTRAINT run_end CHECK ((status = 'running') = (ended_at IS NULL)),
    CONSTRAINT runs_message
        FOREIGN KEY (conversation_id, message_id) REFERENCES messages (conversation_id, id) ON DELETE CASCADE
);
CREATE INDEX runs_by_message ON runs (message_id, id DESC);
-- Few runs are running at any moment, so leases are looked up among them and need no index of their own.
CREATE INDEX runs_running_by_conversation ON runs (conversation_id, id) WHERE status = 'running';
CREATE UNIQUE INDEX runs_one_running_per_message ON runs (message_id) WHERE status = 'running';

-- Facts outlive what they are about, hence no foreign keys. The id carries the time of the fact, for the partitions;
-- the position is its place among the facts of its owner.
CREATE SEQUENCE event_positions AS bigint;

CREATE TABLE events (
    id              uuid NOT NULL,
    position        bigint NOT NULL,
    workspace_id    uuid NOT NULL,
    at              timestamptz NOT NULL,
    user_id         uuid,
    credential_id   uuid,
    owner_id        uuid,
    -- The workspace, session or API key that the fact is about.
    subject_id      uuid,
    conversation_id uuid,
    message_id      uuid,
    run_id          uuid,
    version         bigint,
    name            text NOT NULL,
    credential      text NOT NULL CONSTRAINT event_credential CHECK (credential IN ('session', 'api_key', 'system')),
    request_id      text,
    run_status      text,
    removed         uuid[],
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE INDEX events_by_owner ON events (owner_id, position) WHERE owner_id IS NOT NULL;
CREATE INDEX events_by_conversation ON events (conversation_id, position) WHERE conversation_id IS NOT NULL;

-- The newest position of each person. Its row is locked while positions are given, so that the facts of one person
-- become visible in their order.
CREATE TABLE journal_heads (
    owner_id     uuid NOT NULL PRIMARY KEY,
    workspace_id uuid NOT NULL,
    position     bigint NOT NULL CONSTRAINT journal_head_position CHECK (position >= 0)
) WITH (fillfactor = 50);

CREATE TABLE idempotency_records (
    workspace_id uuid NOT NULL
                 CONSTRAINT idempotency_records_workspace REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id      uuid NOT NULL,
    operation    text NOT NULL,
    key          text NOT NULL CONSTRAINT idempotency_key_length CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint  bytea NOT NULL CONSTRAINT idempotency_fingerprint_form CHECK (octet_length(fingerprint) = 32),
    version      bigint,
    expires_at   timestamptz NOT NULL,
    result       text NOT NULL,
    PRIMARY KEY (user_id, workspace_id, operation, key)
);
CREATE INDEX idempotency_records_by_expiry ON idempotency_records (expires_at);

CREATE TABLE jobs (
    id               uuid NOT NULL PRIMARY KEY,
    workspace_id     uuid NOT NULL CONSTRAINT jobs_workspace REFERENCES workspaces (id) ON DELETE CASCADE,
    conversation_id  uuid CONSTRAINT jobs_conversation REFERENCES conversations (id) ON DELETE CASCADE,
    run_at           timestamptz NOT NULL,
    lease_expires_at timestamptz,
    lease_owner      uuid,
    attempts         bigint NOT NULL CONSTRAINT job_attempts CHECK (attempts >= 0),
    kind             text NOT NULL CONSTRAINT job_kind CHECK (kind IN ('title_conversation')),
    CONSTRAINT job_lease CHECK ((lease_owner IS NULL) = (lease_expires_at IS NULL))
);
CREATE INDEX jobs_by_time ON jobs (run_at, id);
CREATE INDEX jobs_by_conversation ON jobs (conversation_id) WHERE conversation_id IS NOT NULL;

-- One row for each person, model and day (UTC).
CREATE TABLE usage (
    workspace_id  uuid NOT NULL CONSTRAINT usage_workspace REFERENCES workspaces (id),
    user_id       uuid NOT NULL,
    day           date NOT NULL,
    model         text NOT NULL,
    requests      bigint NOT NULL CONSTRAINT usage_requests CHECK (requests >= 0),
    input_tokens  bigint NOT NULL CONSTRAINT usage_input_tokens CHECK (input_tokens >= 0),
    output_tokens bigint NOT NULL CONSTRAINT usage_output_tokens CHECK (output_tokens >= 0),
    cost_microusd bigint NOT NULL CONSTRAINT usage_cost CHECK (cost_microusd >= 0),
    PRIMARY KEY (workspace_id, user_id, day, model)
);
