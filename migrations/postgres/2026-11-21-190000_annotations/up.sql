-- What people find their conversations under, and what they think of messages. It only adds: the release before goes on
-- with it.

CREATE TABLE tags (
    id           uuid NOT NULL PRIMARY KEY,
    workspace_id uuid NOT NULL CONSTRAINT tags_workspace REFERENCES workspaces (id) ON DELETE CASCADE,
    owner_id     uuid NOT NULL CONSTRAINT tags_owner REFERENCES users (id) ON DELETE CASCADE,
    version      bigint NOT NULL CONSTRAINT tag_version CHECK (version >= 1),
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    name         text NOT NULL CONSTRAINT tag_name_length CHECK (char_length(name) BETWEEN 1 AND 60),
    -- The name in lower case by the rules of Unicode, whatever the locale of the database.
    folded       text NOT NULL,
    color        text NOT NULL
                 CONSTRAINT tag_color
                 CHECK (color IN ('gray', 'red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink')),
    CONSTRAINT tags_name_key UNIQUE (owner_id, workspace_id, folded),
    -- What conversations refer to: a tag is of their owner, in their workspace.
    CONSTRAINT tags_place_key UNIQUE (id, workspace_id, owner_id)
);
CREATE INDEX tags_by_owner ON tags (owner_id, workspace_id, id DESC);
CREATE INDEX tags_by_workspace ON tags (workspace_id);

CREATE TABLE conversation_tags (
    conversation_id uuid NOT NULL,
    tag_id          uuid NOT NULL,
    workspace_id    uuid NOT NULL,
    owner_id        uuid NOT NULL,
    PRIMARY KEY (conversation_id, tag_id),
    CONSTRAINT conversation_tags_conversation
        FOREIGN KEY (conversation_id, workspace_id, owner_id) REFERENCES conversations (id, workspace_id, owner_id)
        ON DELETE CASCADE,
    CONSTRAINT conversation_tags_tag
        FOREIGN KEY (tag_id, workspace_id, owner_id) REFERENCES tags (id, workspace_id, owner_id) ON DELETE CASCADE
);
CREATE INDEX conversation_tags_by_tag ON conversation_tags (tag_id, conversation_id);

CREATE TABLE annotations (
    id              uuid NOT NULL PRIMARY KEY,
    workspace_id    uuid NOT NULL,
    conversation_id uuid NOT NULL,
    message_id      uuid NOT NULL,
    author_id       uuid NOT NULL CONSTRAINT annotations_author REFERENCES users (id) ON DELETE CASCADE,
    version         bigint NOT NULL CONSTRAINT annotation_version CHECK (version >= 1),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    kind            text NOT NULL CONSTRAINT annotation_kind CHECK (kind IN ('rating', 'note')),
    rating          text CONSTRAINT annotation_rating CHECK (rating IN ('up', 'down')),
    note            text CONSTRAINT annotation_note_length CHECK (char_length(note) BETWEEN 1 AND 4000),
    CONSTRAINT annotation_content CHECK ((kind = 'rating') = (rating IS NOT NULL) AND coalesce(rating, note) IS NOT NULL),
    CONSTRAINT annotations_message
        FOREIGN KEY (conversation_id, message_id) REFERENCES messages (conversation_id, id) ON DELETE CASCADE
);
CREATE INDEX annotations_by_author ON annotations (author_id, workspace_id, id DESC);
CREATE INDEX annotations_by_conversation ON annotations (author_id, conversation_id, id DESC);
CREATE INDEX annotations_by_message ON annotations (message_id, author_id, id DESC);
CREATE UNIQUE INDEX annotations_one_rating ON annotations (message_id, author_id) WHERE kind = 'rating';

-- What refers to messages is put aside with them when a partition is made.
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
    CREATE TEMPORARY TABLE outlying_annotations ON COMMIT DROP AS
    SELECT a.* FROM annotations a JOIN outliers o ON o.id = a.message_id;
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
        INSERT INTO annotations SELECT * FROM outlying_annotations;
        INSERT INTO runs SELECT * FROM outlying_runs;
        UPDATE conversations c SET active_leaf_id = l.active_leaf_id FROM outlying_leaves l WHERE l.id = c.id;
        DROP TABLE outlying_edits, outlying_annotations, outlying_runs, outlying_leaves;
    END IF;
    DROP TABLE outliers;
END
$$;

-- The newest hits of messages, as before; beside a role, messages can be narrowed to a model and a time of posting, and
-- their conversations to a tag, a project and two flags.
DROP FUNCTION search_messages;
CREATE FUNCTION search_messages(
    workspace uuid, owner uuid, wanted tsquery, spoken_by text, other_than uuid, older_than uuid, ranked boolean,
    most bigint, written_by text DEFAULT NULL, posted_from timestamptz DEFAULT NULL,
    posted_before timestamptz DEFAULT NULL, tag uuid DEFAULT NULL, project uuid DEFAULT NULL,
    only_pinned boolean DEFAULT NULL, only_archived boolean DEFAULT NULL
) RETURNS TABLE (id uuid, rank real) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    filter text :=
        'owner_id = $1 AND workspace_id = $2 AND words @@ $3 AND ($4::text IS NULL OR role = $4)
         AND ($5::uuid IS NULL OR conversation_id <> $5)';
    place_filter constant text := concat(
        CASE WHEN project IS NOT NULL THEN ' AND c.project_id = $15' END,
        CASE WHEN only_pinned THEN ' AND c.pinned' WHEN NOT only_pinned THEN ' AND NOT c.pinned' END,
        CASE WHEN only_archived THEN ' AND c.archived' WHEN NOT only_archived THEN ' AND NOT c.archived' END
    );
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
    -- Only what is asked for, so that nothing else is looked up.
    filter := concat(
        filter,
        CASE WHEN written_by IS NOT NULL THEN ' AND model = $11' END,
        CASE WHEN posted_from IS NOT NULL THEN ' AND created_at >= $12' END,
        CASE WHEN posted_before IS NOT NULL THEN ' AND created_at < $13' END,
        CASE WHEN tag IS NOT NULL THEN
            ' AND conversation_id IN (SELECT t.conversation_id FROM conversation_tags t WHERE t.tag_id = $14)'
        END,
        CASE WHEN place_filter <> '' THEN
            ' AND conversation_id IN (
                 SELECT c.id FROM conversations c WHERE c.workspace_id = $2 AND c.owner_id = $1' || place_filter || ')'
        END
    );
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
            ) USING owner, workspace, wanted, spoken_by, other_than, newest, place.lower_id, walks, missing, ranked,
                written_by, posted_from, posted_before, tag, project;
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
        ) USING owner, workspace, indexed, spoken_by, other_than, newest, place.lower_id, ranked, wanted, missing,
            written_by, posted_from, posted_before, tag, project;
        GET DIAGNOSTICS found = ROW_COUNT;
        missing := missing - found;
        EXIT WHEN missing <= 0;
    END LOOP;
END
$$;

-- As before; beside the flags, conversations can be narrowed to a tag and a time.
DROP FUNCTION search_titles;
CREATE FUNCTION search_titles(
    workspace uuid, owner uuid, pattern text, only_pinned boolean, only_archived boolean, updated_before timestamptz,
    before_id uuid, most bigint, tag uuid DEFAULT NULL, updated_from timestamptz DEFAULT NULL
) RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF coalesce(current_setting('colloquy.workspace', true), '') NOT IN ('*', workspace::text) THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE
        'SELECT c.id FROM conversation_titles t JOIN conversations c ON c.id = t.conversation_id
         WHERE t.owner_id = $2 AND t.title_folded LIKE $3 AND c.workspace_id = $1 AND c.owner_id = $2
             AND ($4::boolean IS NULL OR c.pinned = $4) AND ($5::boolean IS NULL OR c.archived = $5)
             AND (c.updated_at, c.id) < ($6, $7) AND ($9::timestamptz IS NULL OR c.updated_at >= $9)
             AND ($10::uuid IS NULL OR EXISTS (
                 SELECT 1 FROM conversation_tags g WHERE g.conversation_id = c.id AND g.tag_id = $10
             ))
         ORDER BY c.updated_at DESC, c.id DESC LIMIT $8'
        USING workspace, owner, pattern, only_pinned, only_archived, updated_before, before_id, most,
            updated_from, tag;
END
$$;

-- The wall, as for the other tables.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tags', 'conversation_tags', 'annotations'] LOOP
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

-- Whoever made the role may have had other default privileges.
REVOKE EXECUTE ON FUNCTION search_messages, search_titles FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'colloquy_app') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON tags, conversation_tags, annotations TO colloquy_app;
        GRANT EXECUTE ON FUNCTION search_messages, search_titles TO colloquy_app;
    END IF;
END
$$;
