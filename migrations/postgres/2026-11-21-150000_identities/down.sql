SELECT set_config('colloquy.workspace', '*', true);

DROP FUNCTION append_audit;
DROP TABLE audit_heads;
DROP TABLE audit_entries;
DROP FUNCTION audit_entries_stay;
DROP TABLE secret_keys;
DROP TABLE providers;
DROP TABLE shares;
ALTER TABLE messages DROP COLUMN flags;
ALTER TABLE conversations DROP COLUMN project_id;
DROP TABLE project_members;
DROP TABLE projects;
DROP TABLE external_identities;
DROP TABLE passkeys;
DROP TABLE recovery_codes;
DROP TABLE totp_secrets;
DROP TABLE tickets;
DROP TABLE invitations;
DROP TABLE api_key_spend;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['journal_heads', 'forgotten_events'] LOOP
        EXECUTE format('DROP POLICY workspace ON %I', name);
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

ALTER TABLE api_keys
    DROP COLUMN monthly_budget,
    DROP COLUMN requests_per_minute,
    DROP COLUMN last_used_at;

-- A session of a program proves itself in a way that is no longer known.
DELETE FROM sessions WHERE kind <> 'browser';
DROP INDEX sessions_by_user;
ALTER INDEX sessions_by_membership RENAME TO sessions_by_user;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE sessions
    DROP COLUMN last_address,
    DROP COLUMN device,
    DROP COLUMN kind,
    DROP COLUMN last_used_at,
    DROP COLUMN rotated_at,
    DROP COLUMN generation;

DROP INDEX memberships_of_owners;

-- An account that may not be used yet is barred.
UPDATE users SET state = 'suspended' WHERE state = 'pending';
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE users
    DROP CONSTRAINT user_state,
    ADD CONSTRAINT user_state CHECK (state IN ('active', 'suspended')),
    DROP COLUMN home_workspace_id;

ALTER TABLE workspaces DROP COLUMN version;
