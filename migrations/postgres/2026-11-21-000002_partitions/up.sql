-- Messages and events stand in partitions by the time that their ids carry.

-- The smallest UUIDv7 of a moment.
CREATE FUNCTION first_id_of(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- The moment that a UUIDv7 carries.
CREATE FUNCTION moment_of(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
$$;

-- The partitions of each table without gaps between them; what is older or newer stands in its DEFAULT partition.
CREATE TABLE partitions (
    name     text NOT NULL PRIMARY KEY,
    parent   text NOT NULL CONSTRAINT partition_parent CHECK (parent IN ('messages', 'events')),
    lower_id uuid NOT NULL,
    upper_id uuid NOT NULL CONSTRAINT partition_bounds CHECK (upper_id > lower_id),
    CONSTRAINT partitions_lower_id_key UNIQUE (parent, lower_id)
);

-- The newest fact of each person that is no longer kept: whoever has seen less has missed something.
CREATE TABLE forgotten_events (
    owner_id     uuid NOT NULL PRIMARY KEY,
    workspace_id uuid NOT NULL,
    position     bigint NOT NULL CONSTRAINT forgotten_events_position CHECK (position > 0)
);

-- Makes one partition, and moves into it what had gone to DEFAULT meanwhile. Gives up after a while when the tables are
-- in use, because everybody else would wait behind it.
CREATE FUNCTION make_partition(parent text, name text, begins timestamptz, ends timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET lock_timeout = '3s' AS $$
DECLARE
    lower_id uuid := first_id_of(begins);
    upper_id uuid := first_id_of(ends);
    has_outliers boolean;
BEGIN
    -- Every workspace, until the transaction ends. Only a superuser could say so in the head of the function.
    PERFORM set_config('colloquy.workspace', '*', true);
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE id >= $1 AND id < $2)', parent || '_default')
        INTO has_outliers USING lower_id, upper_id;
    IF has_outliers THEN
        EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', parent);
        PERFORM take_outliers(parent, lower_id, upper_id);
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', name, parent);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, lower_id, upper_id);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    INSERT INTO partitions (name, parent, lower_id, upper_id)
    VALUES (name, parent, lower_id, upper_id);
    IF has_outliers THEN
        PERFORM give_outliers_back(parent);
    END IF;
END
$$;

-- Puts aside the rows of a range, and of messages whatever refers to them.
CREATE FUNCTION take_outliers(parent text, lower_id uuid, upper_id uuid) RETURNS void LANGUAGE plpgsql AS $$
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

-- Puts them back, now that there is a partition for them.
CREATE FUNCTION give_outliers_back(parent text) RETURNS void LANGUAGE plpgsql AS $$
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

-- Makes the next month that is missing up to a moment, or else the month before the first where DEFAULT holds something
-- of 2022 or later from before the first. Gives its name; NULL when nothing is missing.
CREATE FUNCTION make_next_partition(parent text, up_to timestamptz) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT AS $$
DECLARE
    month timestamp;
    name text;
    has_older boolean;
BEGIN
    SELECT moment_of(p.upper_id) AT TIME ZONE 'UTC' INTO month
    FROM partitions p WHERE p.parent = make_next_partition.parent ORDER BY p.upper_id DESC LIMIT 1;
    IF month IS NULL OR month > up_to AT TIME ZONE 'UTC' THEN
        SELECT moment_of(p.lower_id) AT TIME ZONE 'UTC' - interval '1 month' INTO month
        FROM partitions p WHERE p.parent = make_next_partition.parent ORDER BY p.lower_id LIMIT 1;
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE id >= $1 AND id < $2)', parent || '_default')
            INTO has_older
            USING first_id_of('2022-01-01 00:00Z'), first_id_of((month + interval '1 month') AT TIME ZONE 'UTC');
        IF month IS NULL OR NOT has_older THEN
            RETURN NULL;
        END IF;
    END IF;
    name := parent || to_char(month, '_YYYY_MM');
    PERFORM make_partition(parent, name, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
    RETURN name;
END
$$;

-- Drops the oldest partition when all of it is older than a moment, of messages only one without any, and notes whose
-- facts went with it. Gives its name; NULL when there is none to drop.
CREATE FUNCTION drop_oldest_partition(parent text, older_than timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET lock_timeout = '3s' AS $$
DECLARE
    oldest partitions;
    is_used boolean := false;
BEGIN
    PERFORM set_config('colloquy.workspace', '*', true);
    SELECT p.* INTO oldest FROM partitions p
    WHERE p.parent = drop_oldest_partition.parent ORDER BY p.lower_id LIMIT 1 FOR UPDATE;
    IF oldest.name IS NULL OR oldest.upper_id > first_id_of(older_than) THEN
        RETURN NULL;
    END IF;
    IF parent = 'messages' THEN
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', oldest.name) INTO is_used;
    END IF;
    IF is_used THEN
        RETURN NULL;
    END IF;
    IF parent = 'events' THEN
        EXECUTE format('LOCK TABLE %I IN SHARE MODE', oldest.name);
        EXECUTE format(
            'INSERT INTO forgotten_events AS f (owner_id, workspace_id, position)
             SELECT DISTINCT ON (owner_id) owner_id, workspace_id, position FROM %I
             WHERE owner_id IS NOT NULL ORDER BY owner_id, position DESC
             ON CONFLICT (owner_id) DO UPDATE SET position = greatest(f.position, excluded.position)',
            oldest.name
        );
    END IF;
    EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, oldest.name);
    EXECUTE format('DROP TABLE %I', oldest.name);
    DELETE FROM partitions p WHERE p.name = oldest.name;
    RETURN oldest.name;
END
$$;

-- The years before 2026 as a whole, for what is imported; then months, up to three ahead.
DO $$
DECLARE
    parent text;
    year integer;
BEGIN
    FOREACH parent IN ARRAY ARRAY['messages', 'events'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', parent || '_default');
        FOR year IN 2022..2025 LOOP
            PERFORM make_partition(
                parent, parent || '_' || year,
                make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC'), make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC')
            );
        END LOOP;
        WHILE make_next_partition(parent, '2027-02-01 00:00Z') IS NOT NULL LOOP
        END LOOP;
    END LOOP;
END
$$;
