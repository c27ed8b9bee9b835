//! Words are found in the forms of their language, once a workspace has one.

use domain::MessageId;
use domain::ports::{Search, SearchFilter, SearchHit, SearchOrder, SearchRequest, StorageError};
use testing::contracts::World;

use super::{empty, world};
use crate::Postgres;

async fn found(world: &World, postgres: &Postgres, wanted: &str) -> Vec<MessageId> {
    hits(world, postgres, wanted).await.into_iter().map(|hit| hit.message_id).collect()
}

async fn hits(world: &World, postgres: &Postgres, wanted: &str) -> Vec<SearchHit> {
    let request = SearchRequest {
        workspace_id: world.workspace_id,
        owner_id: world.user.id,
        words: vec![wanted.to_owned()],
        all_words: true,
        filter: SearchFilter::default(),
        order: SearchOrder::Newest,
        before: None,
        limit: 10,
    };
    postgres.messages(request).await.expect("searching works")
}

#[tokio::test]
async fn a_language_holds_for_new_words_at_once_and_for_old_ones_after_indexing() {
    let database = empty().await;
    let (world, postgres) = world(&database).await;
    let mut conversation = world.conversation("Forms").await;
    let old = world.post(&mut conversation, None, "She was running to the houses").await;
    assert_eq!(found(&world, &postgres, "run").await, []);
    assert_eq!(found(&world, &postgres, "running").await, [old.id]);
    let set = postgres.set_search_language(world.workspace_id, "english").await.expect("it is a language");
    assert!(set);
    let new = world.post(&mut conversation, None, "They run to the house").await;
    assert_eq!(found(&world, &postgres, "houses").await, [new.id]);
    let mut told = Vec::new();
    let done = postgres.reindex(world.workspace_id, |done| told.push(done)).await.expect("indexing works");
    assert_eq!((done, told.as_slice()), (2, [2].as_slice()));
    for word in ["run", "running", "HOUSE", "houses"] {
        assert_eq!(found(&world, &postgres, word).await, [new.id, old.id], "{word}");
    }
    let marked: Vec<String> = hits(&world, &postgres, "run")
        .await
        .into_iter()
        .flat_map(|hit| hit.highlights.into_iter().map(move |range| hit.snippet[range].to_owned()))
        .collect();
    assert_eq!(marked, ["run", "running"]);
    // Words that other search engines leave out.
    assert_eq!(found(&world, &postgres, "the").await, [new.id, old.id]);
    assert_eq!(found(&world, &postgres, "was").await, [old.id]);
    assert_eq!(found(&world, &postgres, "absent").await, []);
    let unknown = postgres.set_search_language(world.workspace_id, "klingon").await;
    assert!(matches!(unknown, Err(StorageError::Rejected(_))), "{unknown:?}");
}

/// More messages than one batch, and one longer than any row of the index can hold.
#[tokio::test]
async fn everything_can_be_indexed_anew() {
    let database = empty().await;
    let (world, postgres) = world(&database).await;
    let mut conversation = world.conversation("Many").await;
    let words: Vec<String> = (0..120_000).map(|number| format!("w{number:x}")).collect();
    let long = world.post(&mut conversation, None, &words.join(" ")).await;
    assert_eq!(found(&world, &postgres, "w1").await, [long.id]);
    let mut parent = long;
    for _ in 0..3 {
        parent = world.post(&mut conversation, Some(&parent), "Short").await;
    }
    let set = postgres.set_search_language(world.workspace_id, "german").await.expect("it is a language");
    assert!(set);
    assert_eq!(postgres.reindex(world.workspace_id, |_| {}).await.expect("indexing works"), 4);
    assert_eq!(found(&world, &postgres, "short").await.len(), 3);
}
