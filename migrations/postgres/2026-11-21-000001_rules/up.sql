-- What the database keeps true by itself, also against a statement written by hand.

-- Once a statement and not once a row: an import adds thousands of messages at a time.
CREATE FUNCTION messages_are_counted_when_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations c
    SET message_count = c.message_count + a.messages,
        oldest_message_id = least(c.oldest_message_id, a.oldest),
        newest_message_id = greatest(c.newest_message_id, a.newest)
    FROM (
        SELECT conversation_id, count(*) AS messages, (array_agg(id ORDER BY id))[1] AS oldest,
            (array_agg(id ORDER BY id DESC))[1] AS newest
        FROM added GROUP BY conversation_id
    ) a
    WHERE c.id = a.conversation_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER messages_are_counted_when_added AFTER INSERT ON messages
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION messages_are_counted_when_added();

CREATE FUNCTION messages_leave_nothing_behind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations c
    SET message_count = c.message_count - r.messages,
        active_leaf_id = CASE WHEN c.active_leaf_id = ANY (r.ids) THEN NULL ELSE c.active_leaf_id END
    FROM (SELECT conversation_id, count(*) AS messages, array_agg(id) AS ids FROM removed GROUP BY conversation_id) r
    WHERE c.id = r.conversation_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER messages_leave_nothing_behind AFTER DELETE ON messages
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION messages_leave_nothing_behind();

CREATE FUNCTION messages_stay_in_their_conversation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a message never moves to another place' USING ERRCODE = 'check_violation', CONSTRAINT = 'message_place';
END
$$;
CREATE TRIGGER messages_stay_in_their_conversation
    BEFORE UPDATE OF id, conversation_id, workspace_id, owner_id, parent_id ON messages FOR EACH ROW
    WHEN (new.id <> old.id OR new.conversation_id <> old.conversation_id OR new.workspace_id <> old.workspace_id
        OR new.owner_id <> old.owner_id OR new.parent_id IS DISTINCT FROM old.parent_id)
    EXECUTE FUNCTION messages_stay_in_their_conversation();

CREATE FUNCTION conversations_begin_without_a_leaf() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a conversation begins without messages'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'conversation_active_leaf';
END
$$;
CREATE TRIGGER conversations_begin_without_a_leaf BEFORE INSERT ON conversations FOR EACH ROW
    WHEN (new.active_leaf_id IS NOT NULL OR new.message_count <> 0)
    EXECUTE FUNCTION conversations_begin_without_a_leaf();

-- A message under a leaf is newer than the leaf, so that looking for one touches the newest partitions only.
CREATE FUNCTION conversations_lead_to_a_leaf_of_their_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM messages m WHERE m.id = new.active_leaf_id AND m.conversation_id = new.id)
        OR EXISTS (
            SELECT 1 FROM messages m
            WHERE m.conversation_id = new.id AND m.parent_id = new.active_leaf_id AND m.id > new.active_leaf_id
        )
    THEN
        RAISE EXCEPTION 'the active leaf is not a leaf of the conversation'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'conversation_active_leaf';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER conversations_lead_to_a_leaf_of_their_own BEFORE UPDATE OF active_leaf_id ON conversations FOR EACH ROW
    WHEN (new.active_leaf_id IS NOT NULL AND new.active_leaf_id IS DISTINCT FROM old.active_leaf_id)
    EXECUTE FUNCTION conversations_lead_to_a_leaf_of_their_own();
