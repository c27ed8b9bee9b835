-- A second wall between workspaces. Each transaction names the workspace it is for in `colloquy.workspace`; `*` stands
-- for all of them, for what must look across: sign-in, recovery, jobs, upkeep. Without the setting there are no rows.
-- The setting is read once a statement, not once a row.

-- A query that names the parent of partitions is judged by the policy of the parent. The partitions have none of their
-- own: only their owner reads them by name.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'memberships', 'sessions', 'api_keys', 'conversations', 'messages', 'message_edits', 'runs', 'events',
        'forgotten_events', 'journal_heads', 'idempotency_records', 'jobs', 'usage'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY workspace ON %I USING (
                 (SELECT current_setting(''colloquy.workspace'', true)) = ''*''
                 OR workspace_id = (
                     SELECT nullif(nullif(current_setting(''colloquy.workspace'', true), ''''), ''*'')::uuid
                 )
             )',
            name
        );
    END LOOP;
END
$$;

ALTER TABLE workspaces ENABLE ROW LEVEL SECURITY;
ALTER TABLE workspaces FORCE ROW LEVEL SECURITY;
CREATE POLICY workspace ON workspaces USING (
    (SELECT current_setting('colloquy.workspace', true)) = '*'
    OR id = (SELECT nullif(nullif(current_setting('colloquy.workspace', true), ''), '*')::uuid)
);

-- A person is seen where they are a member. An account is made before its membership.
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY workspace ON users USING (
    (SELECT current_setting('colloquy.workspace', true)) = '*'
    OR EXISTS (
        SELECT 1 FROM memberships m
        WHERE m.user_id = users.id
            AND m.workspace_id = (SELECT nullif(nullif(current_setting('colloquy.workspace', true), ''), '*')::uuid)
    )
);
CREATE POLICY account ON users FOR INSERT WITH CHECK ((SELECT current_setting('colloquy.workspace', true)) <> '');

-- Superusers pass every policy, so a connection of theirs becomes this role. It is made where the migrating role may make
-- one; elsewhere somebody who may can make it and grant it, before or after.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'colloquy_app') THEN
        IF NOT (SELECT rolsuper OR rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
            RETURN;
        END IF;
        BEGIN
            CREATE ROLE colloquy_app NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- Another database of this server was migrated at the same moment.
        END;
    END IF;
    IF NOT pg_catalog.pg_has_role(current_user, 'colloquy_app', 'MEMBER') THEN
        BEGIN
            EXECUTE format('GRANT colloquy_app TO %I', current_user);
        EXCEPTION WHEN insufficient_privilege THEN
            NULL; -- It belongs to somebody else, who may grant it.
        END;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO colloquy_app', current_schema());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO colloquy_app', current_schema());
    EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO colloquy_app', current_schema());
    EXECUTE format(
        'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO colloquy_app',
        current_schema()
    );
    EXECUTE format(
        'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO colloquy_app', current_schema()
    );
END
$$;

REVOKE EXECUTE ON FUNCTION make_partition, make_next_partition, drop_oldest_partition, search_messages, search_titles
    FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'colloquy_app') THEN
        REVOKE INSERT, UPDATE, DELETE ON partitions, schema_compatibility FROM colloquy_app;
        GRANT EXECUTE ON FUNCTION make_next_partition, drop_oldest_partition, search_messages, search_titles
            TO colloquy_app;
    END IF;
END
$$;
