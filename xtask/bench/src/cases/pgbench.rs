//! The statements that storing a question takes, repeated by pgbench.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use testing::servers::TestDatabase;

use crate::Outcome;
use crate::server::folder;

const WORKSPACE: &str = "00000000-0000-7000-8000-000000000000";
/// As many conversations, each of a person of its own, as there are writers in all runs.
const CONVERSATIONS: usize = 256;

/// pgbench on one database.
pub struct Bench {
    url: String,
    folder: TempDir,
    used: usize,
}

impl Bench {
    /// Makes people with a conversation each. The database has its schema.
    pub fn prepare(database: &TestDatabase) -> Outcome<Self> {
        let id = |kind: &str| format!("('{kind}0000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid");
        let (user, conversation) = (id("1"), id("2"));
        let numbers = format!("generate_series(0, {}) n", CONVERSATIONS - 1);
        database.execute(&[
            &format!("INSERT INTO workspaces (id, name, created_at) VALUES ('{WORKSPACE}', 'Bench', now())"),
            &format!(
                "INSERT INTO users (id, email, display_name, state, version, created_at)
                 SELECT {user}, n || '@bench.example', 'Person', 'active', 1, now() FROM {numbers}"
            ),
            &format!(
                "INSERT INTO memberships (workspace_id, user_id, role, created_at)
                 SELECT '{WORKSPACE}', {user}, 'member', now() FROM {numbers}"
            ),
            &format!(
                "INSERT INTO conversations (
                     id, workspace_id, owner_id, version, created_at, updated_at, pinned, archived, title, title_folded,
                     title_origin, parameters
                 )
                 SELECT {conversation}, '{WORKSPACE}', {user}, 1, now(), now(), false, false, 'Bench', 'bench', 'default', '{{}}'
                 FROM {numbers}"
            ),
            "ANALYZE",
        ])?;
        Ok(Self { url: database.url(), folder: folder()?, used: 0 })
    }

    /// Runs it; gives the transactions in a second.
    pub fn run(&mut self, writers: usize, time: Duration, pipelined: bool) -> Outcome<f64> {
        let path = self.folder.path().join("question.sql");
        fs::write(&path, script(pipelined))?;
        let millis = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let hex = format!("{millis:012x}");
        let mut command = Command::new("pgbench");
        command.args(["--no-vacuum", "--protocol", "prepared", "--jobs", "2"]);
        command.args(["--client", &writers.to_string(), "--time", &time.as_secs().to_string()]);
        command.args(["--define", &format!("base={}", self.used), "--define", "version=1"]);
        command.args(["--define", &format!("moment={hex}")]);
        let output = command.arg("--file").arg(&path).arg(&self.url).output()?;
        self.used += writers;
        let printed = String::from_utf8_lossy(&output.stdout);
        let rate =
            printed.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.ok_or_else(|| format!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}

/// A question is stored in two transactions that read and one that writes, and one message to other nodes follows.
fn script(pipelined: bool) -> String {
    let conversation = "('20000000-0000-7000-8000-' || lpad(:number::text, 12, '0'))::uuid";
    let owner = "('10000000-0000-7000-8000-' || lpad(:number::text, 12, '0'))::uuid";
    let message = |version: &str| {
        format!(
            "(:moment::text || '7000' || '8' || lpad(to_hex(:number::int8), 3, '0') || lpad(to_hex({version}), 12, '0'))::uuid"
        )
    };
    let (posted, before) = (message(":version::int8"), message("(:version::int8 - 1)"));
    let head = format!(
        "SELECT c.id, c.workspace_id, c.owner_id, c.pinned, c.archived, c.version, c.message_count, c.active_leaf_id, \
         c.created_at, c.updated_at, c.title, c.title_origin, c.model, c.parameters, c.forked_from_conversation_id, \
         c.forked_from_message_id, c.system_prompt FROM conversations c WHERE c.id = {conversation} AND c.workspace_id = \
         '{WORKSPACE}'"
    );
    let leaf = format!(
        "SELECT m.id, m.workspace_id, m.conversation_id, m.parent_id, m.role, m.status, m.version, m.created_at, \
         m.edited_at, m.model, m.finish_reason, m.usage, m.failure, m.parts, m.effective_request FROM messages m WHERE \
         m.id = {before} AND m.workspace_id = '{WORKSPACE}'"
    );
    let insert = format!(
        "INSERT INTO messages (id, workspace_id, conversation_id, owner_id, parent_id, role, status, version, created_at, \
         edited_at, model, finish_reason, usage, failure, parts, effective_request, words) SELECT m.id, c.workspace_id, \
         c.id, c.owner_id, m.parent_id, 'user', 'complete', 1, now(), NULL, NULL, NULL, NULL, NULL, m.parts, NULL, \
         message_words(c.workspace_id, c.owner_id, 'user', m.words) FROM (VALUES ({posted}, {conversation}, CASE WHEN \
         :version::int8 > 1 THEN {before} END, '[{{\"kind\":\"text\",\"text\":\"What is quicker than this?\"}}]'::json, \
         'what is quicker than this'::text)) m (id, conversation_id, parent_id, parts, words) JOIN conversations c ON c.id = \
         m.conversation_id AND c.workspace_id = '{WORKSPACE}'"
    );
    let update = format!(
        "UPDATE conversations SET pinned = false, archived = false, version = :version::int8 + 1, updated_at = now(), \
         title = 'What is quicker than this?', title_folded = 'what is quicker than this?', title_origin = 'question', \
         model = NULL, parameters = '{{}}', system_prompt = NULL, active_leaf_id = CASE WHEN true THEN {posted} ELSE \
         active_leaf_id END WHERE id = {conversation} AND workspace_id = '{WORKSPACE}' AND owner_id = {owner} AND version = \
         :version::int8"
    );
    let heads = format!(
        "INSERT INTO journal_heads AS h (owner_id, workspace_id, position) SELECT DISTINCT coalesce(g.owner_id, \
         c.owner_id), '{WORKSPACE}'::uuid, 0 FROM unnest(ARRAY[{owner}, {owner}], ARRAY[{conversation}, {conversation}]) AS \
         g (owner_id, conversation_id) LEFT JOIN conversations c ON g.owner_id IS NULL AND c.id = g.conversation_id AND \
         c.workspace_id = '{WORKSPACE}' WHERE coalesce(g.owner_id, c.owner_id) IS NOT NULL ORDER BY 1 ON CONFLICT \
         (owner_id) DO UPDATE SET position = h.position RETURNING position, owner_id"
    );
    let facts = format!(
        "WITH given AS MATERIALIZED (SELECT nextval('event_positions') AS position, f.* FROM (SELECT g.name, \
         coalesce(g.owner_id, c.owner_id) AS owner_id, g.conversation_id, g.message_id, g.version FROM \
         unnest(ARRAY['message.posted', 'conversation.updated'], ARRAY[{owner}, {owner}], ARRAY[{conversation}, \
         {conversation}], ARRAY[{posted}, NULL], ARRAY[1, :version::int8 + 1]) WITH ORDINALITY AS g (name, owner_id, \
         conversation_id, message_id, version, place) LEFT JOIN conversations c ON g.owner_id IS NULL AND c.id = \
         g.conversation_id AND c.workspace_id = '{WORKSPACE}' ORDER BY g.place) f), stored AS (INSERT INTO events (id, \
         position, workspace_id, at, user_id, credential, credential_id, request_id, name, owner_id, conversation_id, \
         message_id, version) SELECT (:moment::text || '70008' || lpad(to_hex(position), 15, '0'))::uuid, position, \
         '{WORKSPACE}', now(), {owner}, 'api_key', {owner}, '618ce22fd5e3a4e1', name, owner_id, conversation_id, \
         message_id, version FROM given), advanced AS (UPDATE journal_heads h SET position = n.newest FROM (SELECT \
         owner_id, max(position) AS newest FROM given GROUP BY owner_id) n WHERE h.owner_id = n.owner_id) SELECT position, \
         owner_id FROM given ORDER BY position"
    );
    let notify =
        "SELECT pg_notify('colloquy', message) IS NULL FROM unnest(ARRAY['f' || :number::text]) message";
    let mut script = String::from("\\set number :base + :client_id\n");
    for (beginning, statements) in [
        ("BEGIN READ ONLY", &[head][..]),
        ("BEGIN READ ONLY", &[leaf][..]),
        ("BEGIN", &[insert, update, heads, facts][..]),
    ] {
        let (start, end) = if pipelined { ("\\startpipeline\n", "\\endpipeline\n") } else { ("", "") };
        let _ = write!(script, "{start}{beginning};\nSET LOCAL colloquy.workspace = '{WORKSPACE}';\n");
        for statement in statements {
            let _ = writeln!(script, "{statement};");
        }
        let _ = write!(script, "COMMIT;\n{end}");
    }
    let _ = write!(script, "{notify};\n\\set version :version + 1\n");
    script
}
