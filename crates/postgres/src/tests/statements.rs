//! How many statements an answer takes: the same for one row as for forty.

use std::time::Duration;

use domain::ports::{
    ConversationFilter, Conversations, ConversationsOf, Messages, Search, SearchFilter, SearchOrder,
    SearchRequest,
};
use domain::{ConversationId, MessageId, PageRequest};
use testing::servers::{PostgresOptions, PostgresServer, Template, fresh_database};
use tokio_postgres::Client;

use super::{connect, migrated, rows, world};

/// How many statements were carried out since the last time, without those that begin and end transactions.
async fn counted(client: &Client) -> String {
    // The end of a transaction is not waited for.
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'colloquy' AND state <> 'idle'";
    while rows(client, busy).await != ["0"] {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let count = "SELECT coalesce(sum(s.calls), 0) FROM pg_stat_statements s
         JOIN pg_roles r ON r.oid = s.userid
         WHERE r.rolname = 'colloquy' AND s.query !~ '^(BEGIN|COMMIT|ROLLBACK|SET) ?'";
    let count = rows(client, count).await.remove(0);
    rows(client, "SELECT pg_stat_statements_reset()").await;
    count
}

#[tokio::test]
async fn one_row_takes_as_many_statements_as_forty() {
    let loaded = ("shared_preload_libraries".to_owned(), "pg_stat_statements".to_owned());
    let options = PostgresOptions { settings: vec![loaded], ..PostgresOptions::default() };
    let server = PostgresServer::start(options).await.expect("a server can be started");
    let template = Template::on(&server, "counted");
    let database = fresh_database(&template, migrated).await.expect("a database can be made");
    let (world, postgres) = world(&database).await;
    let mut conversation = world.conversation("Counted").await;
    let mut parent = world.post(&mut conversation, None, "Word").await;
    let (mut messages, mut conversations) = (vec![parent.id], vec![conversation.id]);
    for number in 0..40 {
        parent = world.post(&mut conversation, Some(&parent), "Word").await;
        messages.push(parent.id);
        conversations.push(world.conversation(&format!("Number {number}")).await.id);
    }
    let client = connect(&database.admin_url()).await;
    client.batch_execute("CREATE EXTENSION pg_stat_statements").await.expect("it is loaded");
    let (workspace, owner) = (world.workspace_id, world.user.id);
    let search = |limit, order| SearchRequest {
        workspace_id: workspace,
        owner_id: owner,
        words: vec!["word".to_owned()],
        all_words: true,
        filter: SearchFilter::default(),
        order,
        before: None,
        limit,
    };
    for limit in [1_u16, 40] {
        let most = usize::from(limit);
        let page = PageRequest { after: None, limit };
        let titled =
            ConversationFilter { title_contains: Some("number".to_owned()), ..ConversationFilter::default() };
        counted(&client).await;
        let all = ConversationFilter::default();
        let listed = Conversations::list(
            &*postgres,
            workspace,
            ConversationsOf::Owner(owner),
            all,
            PageRequest::first(limit),
        );
        assert_eq!(listed.await.expect("reading works").items.len(), most);
        assert_eq!(counted(&client).await, "1", "a list of {limit}");
        let listed = Conversations::list(
            &*postgres,
            workspace,
            ConversationsOf::Owner(owner),
            titled,
            PageRequest::first(limit),
        );
        assert_eq!(listed.await.expect("reading works").items.len(), most);
        assert_eq!(counted(&client).await, "1", "a list of {limit} by title");
        let listed = Messages::list(&*postgres, workspace, conversation.id, page.clone());
        assert_eq!(listed.await.expect("reading works").items.len(), most);
        assert_eq!(counted(&client).await, "1", "a history of {limit}");
        let thread = postgres.thread(workspace, parent.id, page);
        assert_eq!(thread.await.expect("reading works").items.len(), most);
        assert_eq!(counted(&client).await, "1", "a thread of {limit}");
        let ids: Vec<MessageId> = messages.iter().copied().take(most).collect();
        let many = Messages::get_many(&*postgres, workspace, &ids);
        assert_eq!(many.await.expect("reading works").len(), most);
        assert_eq!(counted(&client).await, "1", "{limit} messages");
        let ids: Vec<ConversationId> = conversations.iter().copied().take(most).collect();
        let many = Conversations::get_many(&*postgres, workspace, &ids);
        assert_eq!(many.await.expect("reading works").len(), most);
        assert_eq!(counted(&client).await, "1", "{limit} conversations");
        for order in [SearchOrder::Newest, SearchOrder::Best] {
            let hits = Search::messages(&*postgres, search(limit, order)).await.expect("searching works");
            assert_eq!(hits.len(), most);
            assert_eq!(counted(&client).await, "1", "{limit} hits");
        }
    }
}
