//! Whether the role that works may do what the work needs.

use diesel::sql_types::Text;

use crate::address::Address;
use crate::connection::Connection;
use crate::session;
use crate::settings::SettingsProblem;

/// Each privilege that is missing, with the role, the schema and the table that it is about, asked for on a connection
/// as it works. Tables that only migrations change, and those of others, are left out.
const MISSING: &str = "SELECT privilege, current_user::text, current_schema()::text, relname::text
     FROM pg_class
     CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) WITH ORDINALITY AS wanted (privilege, place)
     WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
         AND relkind IN ('r', 'p') AND NOT relispartition
         AND (
             relname = ANY (ARRAY[
                 'annotations', 'api_key_spend', 'api_keys', 'conversation_tags', 'conversation_titles', 'conversations',
                 'events', 'external_identities', 'health_probe', 'idempotency_records', 'invitations', 'jobs',
                 'journal_heads', 'memberships', 'message_edits', 'messages', 'passkeys', 'project_members', 'projects',
                 'providers', 'recovery_codes', 'runs', 'secret_keys', 'sessions', 'shares', 'tags', 'tickets',
                 'totp_secrets', 'usage', 'users', 'workspaces'
             ])
             OR relname IN ('audit_entries', 'audit_heads') AND privilege = 'SELECT'
         )
         AND NOT has_table_privilege(oid, privilege)
     ORDER BY place, relname";

/// The functions that do for the application what its role may not do itself.
const FORBIDDEN: &str = "SELECT p.oid::regprocedure::text, current_user::text
     FROM pg_proc p
     WHERE p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
         AND p.proname IN (
             'append_audit', 'drop_oldest_partition', 'make_next_partition', 'search_messages', 'search_titles'
         )
         AND NOT has_function_privilege(p.oid, 'EXECUTE')
     ORDER BY 1";

/// Which changes have to be possible on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Reading,
    Writing,
}

/// What the role of a connection may not do although the work needs it, if anything.
pub(crate) async fn problem(
    connection: &Connection,
    address: &Address,
    work: Work,
) -> diesel::QueryResult<Option<SettingsProblem>> {
    type Types = (Text, Text, Text, Text);
    type Row = (String, String, String, String);
    let mut missing = session::rows::<Types, Row>(&connection.diesel, MISSING, &[]).await?;
    if work == Work::Reading {
        missing.retain(|(privilege, ..)| privilege == "SELECT");
    }
    let Some((privilege, role, schema, table)) = missing.first() else {
        return match work {
            Work::Reading => Ok(None),
            Work::Writing => forbidden(connection, address).await,
        };
    };
    let needed = match work {
        Work::Reading => "SELECT",
        Work::Writing => "SELECT, INSERT, UPDATE, DELETE",
    };
    let words = format!(
        "names the user {:?}, who works as {role:?} and lacks the privilege {privilege} on the table {table:?} of the \
         database {:?} on {}; let the owner of the tables say: GRANT USAGE ON SCHEMA {schema:?} TO {role:?}; GRANT \
         {needed} ON ALL TABLES IN SCHEMA {schema:?} TO {role:?}; GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA \
         {schema:?} TO {role:?}",
        address.user(),
        address.database(),
        address.hosts()
    );
    Ok(Some(SettingsProblem::new(address.setting(), words)))
}

/// What the role of a connection may not call although the work needs it, if anything.
async fn forbidden(
    connection: &Connection,
    address: &Address,
) -> diesel::QueryResult<Option<SettingsProblem>> {
    let functions =
        session::rows::<(Text, Text), (String, String)>(&connection.diesel, FORBIDDEN, &[]).await?;
    let Some((function, role)) = functions.first() else { return Ok(None) };
    let words = format!(
        "names the user {:?}, who works as {role:?} and may not call the function {function} of the database {:?} on \
         {}; let the owner of the tables say: GRANT EXECUTE ON FUNCTION {function} TO {role:?}",
        address.user(),
        address.database(),
        address.hosts()
    );
    Ok(Some(SettingsProblem::new(address.setting(), words)))
}
