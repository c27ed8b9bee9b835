DROP FUNCTION search_titles;
CREATE FUNCTION search_titles(
    workspace uuid, owner uuid, pattern text, only_pinned boolean, only_archived boolean, updated_before timestamptz,
    before_id uuid, most bigint
) RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF coalesce(current_setting('colloquy.workspace', true), '') NOT IN ('*', workspace::text) THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE
        'SELECT c.id FROM conversation_titles t JOIN conversations c ON c.id = t.conversation_id
         WHERE t.owner_id = $2 AND t.title_folded LIKE $3 AND c.workspace_id = $1 AND c.owner_id = $2
             AND ($4::boolean IS NULL OR c.pinned = $4) AND ($5::boolean IS NULL OR c.archived = $5)
             AND (c.updated_at, c.id) < ($6, $7)
         ORDER BY c.updated_at DESC, c.id DESC LIMIT $8'
        USING workspace, owner, pattern, only_pinned, only_archived, updated_before, before_id, most;
END
$$;

DROP FUNCTION search_messages;
CREATE FUNCTION search_messages(
    workspace uuid, owner uuid, wanted tsquery, spoken_by text, other_than uuid, older_than uuid, ranked boolean,
    most bigint
) RETURNS TABLE (id uuid, rank real) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    filter constant text :=
        'owner_id = $1 AND workspace_id = $2 AND words @@ $3 AND ($4::text IS NULL OR role = $4)
         AND ($5::uuid IS NULL OR conversation_id <> $5)';
    indexed constant tsquery := wanted && format(
        CASE WHEN spoken_by IS NULL THEN '''owner:%s''' ELSE '''owner:%s'' & ''role:%s''' END, owner, spoken_by
    )::tsquery;
    place record;
    newest uuid;
    walked_to uuid;
    walks bigint := CASE WHEN ranked THEN 0 ELSE 2000 END;
    walked bigint;
    found bigint;
    missing bigint := most;
BEGIN
    IF coalesce(current_setting('colloquy.workspace', true), '') NOT IN ('*', workspace::text) OR numnode(wanted) = 0 THEN
        RETURN;
    END IF;
    FOR place IN
        SELECT p.name, p.lower_id, p.upper_id FROM partitions p WHERE p.parent = 'messages'
        UNION ALL
        SELECT 'messages_default', max_id.upper_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'
        FROM (SELECT p.upper_id FROM partitions p WHERE p.parent = 'messages' ORDER BY p.upper_id DESC LIMIT 1) max_id
        UNION ALL
        SELECT 'messages_default', '00000000-0000-0000-0000-000000000000', min_id.lower_id
        FROM (SELECT p.lower_id FROM partitions p WHERE p.parent = 'messages' ORDER BY p.lower_id LIMIT 1) min_id
        ORDER BY lower_id DESC
    LOOP
        CONTINUE WHEN older_than <= place.lower_id;
        newest := least(older_than, place.upper_id);
        IF walks > 0 THEN
            RETURN QUERY EXECUTE format(
                'SELECT id, 0::real FROM (
                     SELECT * FROM %I WHERE owner_id = $1 AND id < $6 AND id >= $7 ORDER BY id DESC LIMIT $8
                 ) walked WHERE ' || filter || ' ORDER BY id DESC LIMIT $9', place.name
            ) USING owner, workspace, wanted, spoken_by, other_than, newest, place.lower_id, walks, missing;
            GET DIAGNOSTICS found = ROW_COUNT;
            missing := missing - found;
            EXIT WHEN missing <= 0;
            EXECUTE format(
                'SELECT count(*), (array_agg(id))[count(*)] FROM (
                     SELECT id FROM %I WHERE owner_id = $1 AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4
                 ) walked', place.name
            ) INTO walked, walked_to USING owner, newest, place.lower_id, walks;
            walks := walks - walked;
            CONTINUE WHEN walks > 0;
            newest := walked_to;
        END IF;
        RETURN QUERY EXECUTE format(
            'SELECT id, CASE WHEN $8 THEN ts_rank(words, $9, 1) ELSE 0 END FROM (
                 SELECT * FROM %I WHERE words @@ $3 AND id < $6 AND id >= $7 OFFSET 0
             ) matching WHERE ' || filter || ' ORDER BY id DESC LIMIT $10', place.name
        ) USING owner, workspace, indexed, spoken_by, other_than, newest, place.lower_id, ranked, wanted, missing;
        GET DIAGNOSTICS found = ROW_COUNT;
        missing := missing - found;
        EXIT WHEN missing <= 0;
    END LOOP;
END
$$;

REVOKE EXECUTE ON FUNCTION search_messages, search_titles FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'colloquy_app') THEN
        GRANT EXECUTE ON FUNCTION search_messages, search_titles TO colloquy_app;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION take_outliers(parent text, lower_id uuid, upper_id uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF parent = 'events' THEN
        CREATE TEMPORARY TABLE outliers ON COMMIT DROP AS
        SELECT * FROM events e WHERE e.id >= lower_id AND e.id < upper_id;
        DELETE FROM events WHERE id IN (SELECT o.id FROM outliers o);
        RETURN;
    END IF;
    CREATE TEMPORARY TABLE outliers ON COMMIT DROP AS
    WITH RECURSIVE branch (conversation_id, id) AS (
        SELECT m.conversation_id, m.id FROM messages m WHERE m.id >= lower_id AND m.id < upper_id
        UNION
        SELECT m.conversation_id, m.id FROM branch b
        JOIN messages m ON m.conversation_id = b.conversation_id AND m.parent_id = b.id
    )
    SELECT m.* FROM branch b JOIN messages m ON m.id = b.id;
    CREATE TEMPORARY TABLE outlying_edits ON COMMIT DROP AS
    SELECT e.* FROM message_edits e JOIN outliers o ON o.id = e.message_id;
    CREATE TEMPORARY TABLE outlying_runs ON COMMIT DROP AS
    SELECT r.* FROM runs r JOIN outliers o ON o.id = r.message_id;
    CREATE TEMPORARY TABLE outlying_leaves ON COMMIT DROP AS
    SELECT c.id, c.active_leaf_id FROM conversations c JOIN outliers o ON o.id = c.active_leaf_id;
    DELETE FROM messages WHERE id IN (SELECT o.id FROM outliers o);
END
$$;

CREATE OR REPLACE FUNCTION give_outliers_back(parent text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF parent = 'events' THEN
        INSERT INTO events SELECT * FROM outliers;
    ELSE
        INSERT INTO messages SELECT * FROM outliers;
        INSERT INTO message_edits SELECT * FROM outlying_edits;
        INSERT INTO runs SELECT * FROM outlying_runs;
        UPDATE conversations c SET active_leaf_id = l.active_leaf_id FROM outlying_leaves l WHERE l.id = c.id;
        DROP TABLE outlying_edits, outlying_runs, outlying_leaves;
    END IF;
    DROP TABLE outliers;
END
$$;

DROP TABLE annotations;
DROP TABLE conversation_tags;
DROP TABLE tags;
