-- The role goes unless another database of the server uses it.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'colloquy_app') THEN
        DROP OWNED BY colloquy_app;
        DROP ROLE colloquy_app;
    END IF;
EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
    NULL;
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT p.tablename FROM pg_catalog.pg_policies p WHERE p.policyname = 'workspace' LOOP
        EXECUTE format('DROP POLICY workspace ON %I', name);
        EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', name);
    END LOOP;
END
$$;
DROP POLICY account ON users;
GRANT EXECUTE ON FUNCTION make_partition, make_next_partition, drop_oldest_partition, search_messages, search_titles
    TO PUBLIC;
