-- Many rows in little time: 200,000 conversations and 240,000 messages of one workspace, from 2023 to November 2026. Half of
-- the conversations belong to one person, the others to 99. Rules are not checked meanwhile; the rows keep them.
SET session_replication_role = replica;
SET colloquy.workspace = '*';

CREATE FUNCTION pg_temp.id(moment timestamptz, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (left(first_id_of(moment)::text, 14) || '7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid
$$;

INSERT INTO workspaces (id, name, created_at)
SELECT pg_temp.id('2023-01-01Z', number), 'Workspace ' || number, '2023-01-01Z' FROM generate_series(1, 2) number;

INSERT INTO users (id, home_workspace_id, email, display_name, state, version, created_at)
SELECT pg_temp.id('2023-01-01Z', 100 + number), pg_temp.id('2023-01-01Z', 1), 'person' || number || '@example.org',
    'Person', 'active', 1, '2023-01-01Z'
FROM generate_series(1, 100) number;

INSERT INTO memberships (workspace_id, user_id, role, created_at)
SELECT pg_temp.id('2023-01-01Z', 1), pg_temp.id('2023-01-01Z', 100 + number), 'member', '2023-01-01Z'
FROM generate_series(1, 100) number;

-- Conversation n begins n × 10 minutes after the first of February 2023.
INSERT INTO conversations (
    id, workspace_id, owner_id, version, created_at, updated_at, pinned, archived, title, title_folded, title_origin,
    parameters
)
SELECT pg_temp.id(begins, 1000 + number), pg_temp.id('2023-01-01Z', 1),
    pg_temp.id('2023-01-01Z', CASE WHEN number % 2 = 0 THEN 101 ELSE 102 + (number / 2) % 99 END), 1, begins, begins,
    number % 1000 = 0, number % 10 = 0, 'Title ' || number, 'title ' || number, 'person', '{}'
FROM generate_series(1, 200000) number,
    LATERAL (SELECT '2023-02-01Z'::timestamptz + number * interval '10 minutes' AS begins) moments;

INSERT INTO conversation_titles SELECT id, owner_id, title_folded FROM conversations;

-- Six messages each in every fifth conversation, a minute apart; the second and the third are both answers to the first.
INSERT INTO messages (
    id, workspace_id, conversation_id, owner_id, parent_id, version, created_at, role, status, parts, words
)
SELECT pg_temp.id(at, 1000 + message), c.workspace_id, c.id, c.owner_id,
    CASE WHEN message > 1
        THEN pg_temp.id(c.created_at + parent * interval '1 minute', 1000 + parent) END,
    1, at, CASE message % 2 WHEN 1 THEN 'user' ELSE 'assistant' END, 'complete',
    '[{"kind":"text","text":"common words"}]',
    to_tsvector('colloquy_simple', 'common words word' || number % 1000 || ' number' || number)
        || array_to_tsvector(ARRAY[
            'owner:' || c.owner_id, 'role:' || CASE message % 2 WHEN 1 THEN 'user' ELSE 'assistant' END
        ])
FROM (SELECT c.*, split_part(c.title, ' ', 2)::bigint AS number FROM conversations c) c
CROSS JOIN generate_series(1, 6) message,
    LATERAL (SELECT c.created_at + message * interval '1 minute' AS at,
        CASE WHEN message <= 3 THEN 1 ELSE message - 1 END AS parent) moments
WHERE number % 5 = 0;

UPDATE conversations c
SET message_count = 6, oldest_message_id = pg_temp.id(c.created_at + interval '1 minute', 1001),
    newest_message_id = pg_temp.id(c.created_at + interval '6 minutes', 1006),
    active_leaf_id = pg_temp.id(c.created_at + interval '6 minutes', 1006)
WHERE split_part(c.title, ' ', 2)::bigint % 5 = 0;

-- Every hundredth conversation has one of twenty tags of the first person.
INSERT INTO tags (id, workspace_id, owner_id, version, created_at, updated_at, name, folded, color)
SELECT pg_temp.id('2023-01-01Z', 500 + number), pg_temp.id('2023-01-01Z', 1), pg_temp.id('2023-01-01Z', 101), 1,
    '2023-01-01Z', '2023-01-01Z', 'Tag ' || number, 'tag ' || number, 'gray'
FROM generate_series(0, 19) number;
INSERT INTO conversation_tags (conversation_id, tag_id, workspace_id, owner_id)
SELECT c.id, pg_temp.id('2023-01-01Z', 500 + number / 100 % 20), c.workspace_id, c.owner_id
FROM (SELECT c.*, split_part(c.title, ' ', 2)::bigint AS number FROM conversations c) c WHERE number % 100 = 0;

INSERT INTO events (id, position, workspace_id, at, owner_id, conversation_id, name, credential)
SELECT c.id, row_number() OVER (ORDER BY c.id), c.workspace_id, c.created_at, c.owner_id, c.id, 'conversation.created',
    'system'
FROM conversations c;

INSERT INTO journal_heads (owner_id, workspace_id, position)
SELECT owner_id, workspace_id, max(position) FROM events GROUP BY owner_id, workspace_id;

SET session_replication_role = DEFAULT;
