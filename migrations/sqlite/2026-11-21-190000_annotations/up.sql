-- What people find their conversations under, and what they think of messages.

CREATE TABLE tags (
    id           BLOB NOT NULL PRIMARY KEY CONSTRAINT tag_id_form CHECK (length(id) = 16),
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    owner_id     BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT NOT NULL CONSTRAINT tag_name_length CHECK (length(name) BETWEEN 1 AND 60),
    -- The name in lower case by the rules of Unicode.
    folded       TEXT NOT NULL,
    color        TEXT NOT NULL
                 CONSTRAINT tag_color
                 CHECK (color IN ('gray', 'red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink')),
    version      INTEGER NOT NULL CONSTRAINT tag_version CHECK (version >= 1),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tags_by_name ON tags (owner_id, workspace_id, folded);
CREATE INDEX tags_by_owner ON tags (owner_id, workspace_id, id);
CREATE INDEX tags_by_workspace ON tags (workspace_id);

CREATE TABLE conversation_tags (
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    tag_id          BLOB NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    PRIMARY KEY (conversation_id, tag_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_tags_by_tag ON conversation_tags (tag_id, conversation_id);

CREATE TABLE annotations (
    id              BLOB NOT NULL PRIMARY KEY CONSTRAINT annotation_id_form CHECK (length(id) = 16),
    workspace_id    BLOB NOT NULL,
    conversation_id BLOB NOT NULL,
    message_id      BLOB NOT NULL,
    author_id       BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    version         INTEGER NOT NULL CONSTRAINT annotation_version CHECK (version >= 1),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    kind            TEXT NOT NULL CONSTRAINT annotation_kind CHECK (kind IN ('rating', 'note')),
    rating          TEXT CONSTRAINT annotation_rating CHECK (rating IN ('up', 'down')),
    note            TEXT CONSTRAINT annotation_note_length CHECK (length(note) BETWEEN 1 AND 4000),
    CONSTRAINT annotation_content CHECK ((kind = 'rating') = (rating IS NOT NULL) AND coalesce(rating, note) IS NOT NULL),
    FOREIGN KEY (conversation_id, message_id) REFERENCES messages (conversation_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX annotations_by_author ON annotations (author_id, workspace_id, id);
CREATE INDEX annotations_by_conversation ON annotations (author_id, conversation_id, id);
CREATE INDEX annotations_by_message ON annotations (message_id, author_id, id);
CREATE UNIQUE INDEX annotations_one_rating ON annotations (message_id, author_id) WHERE kind = 'rating';
