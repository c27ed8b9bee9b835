//! What the database refuses by itself, whoever asks.

use domain::Event;

use super::{connect, empty, refused_by, rows, world};

#[tokio::test]
async fn statements_by_hand_cannot_break_the_rules() {
    let database = empty().await;
    let (world, _postgres) = world(&database).await;
    let mut conversation = world.conversation("Guarded").await;
    let question = world.post(&mut conversation, None, "Question").await;
    let (answer, run) = world.answer(&mut conversation, &question).await;
    world.done(vec![world.completed(&run, &answer, "Answer")]).await;
    let mut other = world.conversation("Other").await;
    let elsewhere = world.post(&mut other, None, "Elsewhere").await;
    let (id, other_id, question, answer, elsewhere) =
        (conversation.id, other.id, question.id, answer.id, elsewhere.id);
    let client = connect(&database.admin_url()).await;
    let leaf = |leaf| format!("UPDATE conversations SET active_leaf_id = '{leaf}' WHERE id = '{id}'");
    let copy = |table: &str, column: &str, value: &str| {
        format!(
            "INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), \
             '{column}', {value}))).* FROM {table} t LIMIT 1"
        )
    };
    for (sql, rule) in [
        (leaf(elsewhere), "conversation_active_leaf"),
        (leaf(question), "conversation_active_leaf"),
        (
            format!("UPDATE messages SET conversation_id = '{other_id}' WHERE id = '{answer}'"),
            "message_place",
        ),
        (format!("UPDATE messages SET parent_id = NULL WHERE id = '{answer}'"), "message_place"),
        (format!("UPDATE messages SET owner_id = gen_random_uuid() WHERE id = '{answer}'"), "message_place"),
        (format!("UPDATE messages SET parent_id = id WHERE id = '{question}'"), "message_place"),
        ("UPDATE messages SET usage = '{\"cost_microusd\": -1}'".to_owned(), "message_cost"),
        ("UPDATE messages SET status = 'gone'".to_owned(), "message_status"),
        ("UPDATE conversations SET message_count = -1".to_owned(), "conversation_message_count"),
        ("UPDATE conversations SET title = ''".to_owned(), "conversation_title_length"),
        ("UPDATE runs SET ended_at = NULL".to_owned(), "run_end"),
        (format!("DELETE FROM messages WHERE id = '{question}'"), "messages_conversation_id_parent_id_fkey"),
        (
            "INSERT INTO usage SELECT workspace_id, owner_id, now(), 'm', 1, 1, 1, -1 FROM conversations"
                .to_owned(),
            "usage_cost",
        ),
        (
            "INSERT INTO users (id, home_workspace_id, email, display_name, state, version, created_at)
             SELECT gen_random_uuid(), home_workspace_id, upper(email), 'Twin', 'active', 1, now() FROM users"
                .to_owned(),
            "users_email_key",
        ),
        (copy("conversations", "active_leaf_id", "gen_random_uuid()"), "conversation_active_leaf"),
        (copy("conversations", "message_count", "3"), "conversation_active_leaf"),
    ] {
        let refused = refused_by(&client, &sql).await;
        assert!(refused.starts_with(rule), "{sql}\nwas refused by {refused}");
    }
    let counted = rows(&client, "SELECT message_count FROM conversations ORDER BY id").await;
    assert_eq!(counted, ["2", "1"]);
    let deleted = domain::Conversation { version: conversation.version.next(), ..conversation };
    world.done(vec![Event::ConversationDeleted(deleted)]).await;
    for (table, left) in
        [("messages", "1"), ("runs", "0"), ("conversations", "1"), ("conversation_titles", "1")]
    {
        assert_eq!(rows(&client, &format!("SELECT count(*) FROM {table}")).await, [left], "{table}");
    }
}
