-- The extension pg_trgm stays: it may have been there before.
DROP FUNCTION search_titles;
DROP TRIGGER titles_are_kept_when_changed ON conversations;
DROP TRIGGER titles_are_kept_when_added ON conversations;
DROP FUNCTION titles_are_kept;
DROP TABLE conversation_titles;
DROP FUNCTION search_messages;
DROP FUNCTION search_query;
DROP FUNCTION message_words;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT c.cfgname FROM pg_catalog.pg_ts_config c WHERE c.cfgname LIKE 'colloquy\_%' LOOP
        EXECUTE format('DROP TEXT SEARCH CONFIGURATION %I', name);
    END LOOP;
    FOR name IN SELECT d.dictname FROM pg_catalog.pg_ts_dict d WHERE d.dictname LIKE 'colloquy\_%' LOOP
        EXECUTE format('DROP TEXT SEARCH DICTIONARY %I', name);
    END LOOP;
END
$$;
