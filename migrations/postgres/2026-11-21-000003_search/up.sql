CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- One configuration a language, which stems words and leaves none out: what a person said can be found, also "the".
DO $$
DECLARE
    language text;
BEGIN
    CREATE TEXT SEARCH CONFIGURATION colloquy_simple (COPY = pg_catalog.simple);
    FOREACH language IN ARRAY ARRAY[
        'arabic', 'armenian', 'basque', 'catalan', 'danish', 'dutch', 'english', 'finnish', 'french', 'german', 'greek',
        'hindi', 'hungarian', 'indonesian', 'irish', 'italian', 'lithuanian', 'nepali', 'norwegian', 'portuguese',
        'romanian', 'russian', 'serbian', 'spanish', 'swedish', 'tamil', 'turkish', 'yiddish'
    ] LOOP
        EXECUTE format(
            'CREATE TEXT SEARCH DICTIONARY %1$I (TEMPLATE = pg_catalog.snowball, Language = %2$s)',
            'colloquy_' || language, language
        );
        EXECUTE format('CREATE TEXT SEARCH CONFIGURATION %I (COPY = pg_catalog.simple)', 'colloquy_' || language);
        EXECUTE format(
            'ALTER TEXT SEARCH CONFIGURATION %1$I
             ALTER MAPPING FOR asciiword, word, numword, asciihword, hword, numhword, hword_asciipart, hword_part,
                 hword_numpart
             WITH %1$I',
            'colloquy_' || language
        );
    END LOOP;
END
$$;

-- What search finds of a message: its words as the language of the workspace stems them, whose they are and who speaks, so
-- that a search among one person's messages, or those of a role, never walks through all others. NULL where there are no
-- words. Words beyond what one row can hold are left out.
CREATE FUNCTION message_words(workspace uuid, owner uuid, role text, words text) RETURNS tsvector
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF words = '' THEN
        RETURN NULL;
    END IF;
    RETURN to_tsvector(
            ('colloquy_' || (SELECT w.search_language FROM workspaces w WHERE w.id = workspace))::regconfig,
            CASE WHEN octet_length(words) <= 500000 THEN words ELSE left(words, 125000) END
        ) || array_to_tsvector(ARRAY['owner:' || owner, 'role:' || role]);
END
$$;

-- Words as they are looked for in a workspace: an expression in the form of to_tsquery().
CREATE FUNCTION search_query(workspace uuid, expression text) RETURNS tsquery LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN to_tsquery(
        ('colloquy_' || (SELECT w.search_language FROM workspaces w WHERE w.id = workspace))::regconfig, expression
    );
END
$$;

-- The ids of up to `most` messages of a person that match, the newest first, each with its rank when `ranked`.
--
-- Row security would keep the index of words from being used, because a match is not known not to leak. So this reads
-- the partitions themselves, with the rights of their owner, and makes sure of the workspace on its own. It goes from
-- the newest partition to older ones and stops when it has enough. A common word is found among the newest 2,000
-- messages; a rarer one by the index.
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

-- The folded titles once more, beside the conversations: a conversation is written with every message, its title seldom,
-- and each write of a row is a write to all its indexes.
CREATE TABLE conversation_titles (
    conversation_id uuid NOT NULL PRIMARY KEY
                    CONSTRAINT conversation_titles_conversation REFERENCES conversations (id) ON DELETE CASCADE,
    owner_id        uuid NOT NULL,
    title_folded    text NOT NULL
);
CREATE INDEX conversation_titles_by_trigram ON conversation_titles USING gin (title_folded gin_trgm_ops);
INSERT INTO conversation_titles SELECT id, owner_id, title_folded FROM conversations;

CREATE FUNCTION titles_are_kept() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO conversation_titles SELECT id, owner_id, title_folded FROM added;
    ELSE
        UPDATE conversation_titles SET title_folded = new.title_folded WHERE conversation_id = new.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER titles_are_kept_when_added AFTER INSERT ON conversations
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION titles_are_kept();
CREATE TRIGGER titles_are_kept_when_changed AFTER UPDATE OF title_folded ON conversations FOR EACH ROW
    WHEN (new.title_folded <> old.title_folded) EXECUTE FUNCTION titles_are_kept();

-- The ids of up to `most` conversations of a person whose folded title matches a pattern, in the order of lists. Like
-- search_messages(), it sees to the workspace itself.
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

-- Only the functions above read it.
ALTER TABLE conversation_titles ENABLE ROW LEVEL SECURITY;
