//! What full-text search must do.

use domain::ports::{Ids, SearchFilter, SearchHit, SearchOrder, SearchRequest};
use domain::{Conversation, EditId, Event, MessageId, MessageRole, ModelName, Parts, TagId, UserId};

use super::{Storage, World, projects, tags};

fn request(world: &World, words: &[&str]) -> SearchRequest {
    SearchRequest {
        workspace_id: world.workspace_id,
        owner_id: world.user.id,
        words: words.iter().map(ToString::to_string).collect(),
        all_words: true,
        filter: SearchFilter::default(),
        order: SearchOrder::Newest,
        before: None,
        limit: 20,
    }
}

async fn hits(world: &World, request: SearchRequest) -> Vec<SearchHit> {
    world.storage.search.messages(request).await.expect("searching works")
}

async fn found(world: &World, request: SearchRequest) -> Vec<MessageId> {
    hits(world, request).await.into_iter().map(|hit| hit.message_id).collect()
}

/// Every word must occur, or any, as asked.
pub async fn all_words_or_any(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Garden").await;
    let both = world.post(&mut conversation, None, "Tomatoes and basil").await;
    let one = world.post(&mut conversation, None, "Only basil").await;
    world.post(&mut conversation, None, "Neither").await;
    assert_eq!(found(&world, request(&world, &["basil", "tomatoes"])).await, [both.id]);
    let any = SearchRequest { all_words: false, ..request(&world, &["tomatoes", "basil"]) };
    assert_eq!(found(&world, any).await, [one.id, both.id]);
}

/// An answer is searchable when its run has ended.
pub async fn answers_are_found_once_they_are_whole(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Garden").await;
    let question = world.post(&mut conversation, None, "What grows?").await;
    let (answer, run) = world.answer(&mut conversation, &question).await;
    assert_eq!(found(&world, request(&world, &["rhubarb"])).await, []);
    world.done(vec![world.completed(&run, &answer, "Rhubarb does.")]).await;
    assert_eq!(found(&world, request(&world, &["rhubarb"])).await, [answer.id]);
}

/// One conversation and all other roles can be left out.
pub async fn conversations_and_roles_can_be_left_out(storage: Storage) {
    let world = World::new(storage).await;
    let mut one = world.conversation("One").await;
    let question = world.post(&mut one, None, "Quince?").await;
    let (answer, run) = world.answer(&mut one, &question).await;
    world.done(vec![world.completed(&run, &answer, "Quince!")]).await;
    let mut two = world.conversation("Two").await;
    let elsewhere = world.post(&mut two, None, "Quince elsewhere").await;
    let base = request(&world, &["quince"]);
    assert_eq!(found(&world, base.clone()).await, [elsewhere.id, answer.id, question.id]);
    let questions = SearchRequest {
        filter: SearchFilter { role: Some(MessageRole::User), ..SearchFilter::default() },
        ..base.clone()
    };
    assert_eq!(found(&world, questions).await, [elsewhere.id, question.id]);
    let others =
        SearchRequest { filter: SearchFilter { except: Some(one.id), ..SearchFilter::default() }, ..base };
    assert_eq!(found(&world, others).await, [elsewhere.id]);
    let role_is_no_word = request(&world, &["assistant"]);
    assert_eq!(found(&world, role_is_no_word).await, []);
}

/// What is no longer said is no longer found.
pub async fn edited_and_deleted_words_are_forgotten(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Forgetful").await;
    let message = world.post(&mut conversation, None, "Turnip").await;
    let other = world.post(&mut conversation, None, "Turnip too").await;
    let id = EditId::from_uuid(world.ids.uuid());
    let (edited, edit) = message
        .edit(id, Parts::from_text("Radish"), world.user.id, world.tick())
        .expect("nothing is running");
    world.done(vec![Event::MessageEdited { message: edited, edit }]).await;
    assert_eq!(found(&world, request(&world, &["turnip"])).await, [other.id]);
    assert_eq!(found(&world, request(&world, &["radish"])).await, [message.id]);
    let removed = vec![other.id];
    let deletion = Event::MessageDeleted { conversation_id: conversation.id, message_id: other.id, removed };
    world.done(vec![deletion]).await;
    assert_eq!(found(&world, request(&world, &["turnip"])).await, []);
    let deleted = Conversation { version: conversation.version.next(), ..conversation };
    world.done(vec![Event::ConversationDeleted(deleted)]).await;
    assert_eq!(found(&world, request(&world, &["radish"])).await, []);
}

/// A hit shows the passage, and where in it the words stand.
pub async fn hits_are_marked(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Marks").await;
    let text = format!("{} the purple Aubergine\nis here {}", "filler ".repeat(200), "more ".repeat(200));
    let message = world.post(&mut conversation, None, &text).await;
    let hits = hits(&world, request(&world, &["aubergine"])).await;
    let [hit] = hits.as_slice() else { panic!("one hit was expected, not {}", hits.len()) };
    assert_eq!((hit.message_id, hit.conversation_id), (message.id, conversation.id));
    assert_eq!((hit.conversation_title.as_str(), hit.role), ("Marks", MessageRole::User));
    assert_eq!(hit.created_at, message.created_at);
    assert!(hit.snippet.chars().count() <= 300, "{}", hit.snippet);
    let marked: Vec<&str> = hit.highlights.iter().map(|range| &hit.snippet[range.clone()]).collect();
    assert_eq!(marked, ["Aubergine"]);
}

/// Paging by the last message seen reaches every hit once, also when that message is gone.
pub async fn newest_first_pages_backwards(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Many").await;
    let mut expected = Vec::new();
    for number in 0..7 {
        expected.insert(0, world.post(&mut conversation, None, &format!("Pea number {number}")).await.id);
    }
    let page = |before| SearchRequest { before, limit: 3, ..request(&world, &["pea"]) };
    let first = found(&world, page(None)).await;
    assert_eq!(first, expected[..3]);
    let second = found(&world, page(first.last().copied())).await;
    assert_eq!(second, expected[3..6]);
    let last = second[2];
    let deletion =
        Event::MessageDeleted { conversation_id: conversation.id, message_id: last, removed: vec![last] };
    world.done(vec![deletion]).await;
    assert_eq!(found(&world, page(Some(last))).await, expected[6..]);
}

/// Whatever is typed is looked for, or nothing is.
pub async fn nothing_a_person_types_is_syntax(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Syntax").await;
    let message = world.post(&mut conversation, None, "plain words AND near misses").await;
    for nothing in [
        vec![],
        vec![""],
        vec!["\""],
        vec!["*"],
        vec!["\0"],
        vec!["--", "(", ")"],
        vec!["absent\" OR words : \"plain"],
        vec!["words:plain"],
        vec!["NEAR(plain"],
        vec!["pla*"],
        vec!["\u{FFFF}\u{10FFFF}"],
    ] {
        assert_eq!(found(&world, request(&world, &nothing)).await, [], "{nothing:?}");
    }
    for something in
        [vec!["AND"], vec!["plain\""], vec!["\0plain"], vec!["plain", "*", "words"], vec!["(near)"]]
    {
        assert_eq!(found(&world, request(&world, &something)).await, [message.id], "{something:?}");
    }
    let long = "plain ".repeat(20_000);
    assert_eq!(found(&world, request(&world, &[&long])).await, []);
    let many = vec!["plain"; 1000];
    assert_eq!(found(&world, request(&world, &many)).await, [message.id]);
    let any = SearchRequest { all_words: false, ..request(&world, &["\"", "plain", "absent"]) };
    assert_eq!(found(&world, any).await, [message.id]);
}

/// Nobody finds what another person said, nor what was said in another workspace.
pub async fn only_one_persons_messages_are_found(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Mine").await;
    world.post(&mut conversation, None, "Secret artichoke").await;
    let colleague = world.stranger("bob@example.org");
    world.done(vec![Event::UserCreated(colleague.clone())]).await;
    let (other, stranger) = world.neighbour().await;
    let base = request(&world, &["artichoke"]);
    for request in [
        SearchRequest { owner_id: colleague.id, ..base.clone() },
        SearchRequest { owner_id: stranger.id, ..base.clone() },
        SearchRequest { workspace_id: other, ..base.clone() },
        SearchRequest { workspace_id: other, owner_id: stranger.id, ..base.clone() },
        SearchRequest { owner_id: UserId::from_uuid(world.ids.uuid()), ..base.clone() },
    ] {
        assert_eq!(found(&world, request).await, []);
    }
    assert_eq!(found(&world, base).await.len(), 1);
}

/// By model, time, tag, project and flags, alone and together, whatever the order, and however much else was said since.
pub async fn searches_are_narrowed(storage: Storage) {
    let world = World::new(storage).await;
    let tag = tags::tag(&world, &world.user, "Fruit");
    let project = projects::project(&world, &world.user, "Orchard");
    world.done(vec![Event::TagCreated(tag.clone()), Event::ProjectCreated(project.clone())]).await;
    let placed = |project_id, pinned, archived, title| Conversation {
        project_id,
        pinned,
        archived,
        ..world.new_conversation(world.user.id, title)
    };
    let mut one = placed(Some(project.id), true, false, "One");
    let mut two = placed(None, false, true, "Two");
    world.done([&one, &two].map(|it| Event::ConversationCreated(it.clone())).to_vec()).await;
    one = tags::tagged(&world, &one, &tag).await;
    let question = world.post(&mut one, None, "Quince?").await;
    let (answer, run) = world.answer(&mut one, &question).await;
    world.done(vec![world.completed(&run, &answer, "Quince!")]).await;
    let later = world.post(&mut two, None, "Quince later").await;
    let last = world.post(&mut two, None, "Quince at last").await;
    let all = SearchFilter::default;
    let of_model = |name: &str| ModelName::new(name).expect("the name is valid");
    let (q, a, l, z) = (question.id, answer.id, later.id, last.id);
    for (filter, expected) in [
        (SearchFilter { model: answer.model.clone(), ..all() }, vec![a]),
        (SearchFilter { model: Some(of_model("test/other")), ..all() }, vec![]),
        (SearchFilter { posted_from: Some(later.created_at), ..all() }, vec![l, z]),
        (SearchFilter { posted_before: Some(later.created_at), ..all() }, vec![q, a]),
        (
            SearchFilter {
                posted_from: Some(answer.created_at),
                posted_before: Some(last.created_at),
                ..all()
            },
            vec![a, l],
        ),
        (SearchFilter { tag_id: Some(tag.id), ..all() }, vec![q, a]),
        (SearchFilter { tag_id: Some(TagId::from_uuid(world.ids.uuid())), ..all() }, vec![]),
        (SearchFilter { project_id: Some(project.id), ..all() }, vec![q, a]),
        (SearchFilter { pinned: Some(true), ..all() }, vec![q, a]),
        (SearchFilter { pinned: Some(false), ..all() }, vec![l, z]),
        (SearchFilter { archived: Some(true), ..all() }, vec![l, z]),
        (SearchFilter { archived: Some(false), pinned: Some(false), ..all() }, vec![]),
        (SearchFilter { role: Some(MessageRole::User), tag_id: Some(tag.id), ..all() }, vec![q]),
        (SearchFilter { except: Some(one.id), tag_id: Some(tag.id), ..all() }, vec![]),
        (
            SearchFilter {
                role: Some(MessageRole::Assistant),
                model: answer.model.clone(),
                posted_from: Some(question.created_at),
                posted_before: Some(last.created_at),
                tag_id: Some(tag.id),
                project_id: Some(project.id),
                pinned: Some(true),
                archived: Some(false),
                except: Some(two.id),
            },
            vec![a],
        ),
    ] {
        let newest = SearchRequest { filter: filter.clone(), ..request(&world, &["quince"]) };
        let expected: Vec<MessageId> = expected.into_iter().rev().collect();
        assert_eq!(found(&world, newest.clone()).await, expected, "{filter:?}");
        if let Some(first) = expected.first() {
            let older = SearchRequest { before: Some(*first), ..newest.clone() };
            assert_eq!(found(&world, older).await, expected[1..], "{filter:?}");
        }
        let mut best = found(&world, SearchRequest { order: SearchOrder::Best, ..newest }).await;
        best.sort();
        best.reverse();
        assert_eq!(best, expected, "{filter:?}");
    }
}

/// The message that is about the word comes before the one that mentions it.
pub async fn the_best_match_comes_first(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Ranked").await;
    let about = world.post(&mut conversation, None, "Leek, leek and leek").await;
    let filler = "many other words ".repeat(50);
    let mention = world.post(&mut conversation, None, &format!("{filler} leek")).await;
    let best = SearchRequest { order: SearchOrder::Best, ..request(&world, &["leek"]) };
    assert_eq!(found(&world, best).await, [about.id, mention.id]);
    assert_eq!(found(&world, request(&world, &["leek"])).await, [mention.id, about.id]);
}

/// Case and accents do not matter, in the text or in the words.
pub async fn words_match_without_case_and_accents(storage: Storage) {
    let world = World::new(storage).await;
    let mut conversation = world.conversation("Accents").await;
    let message = world.post(&mut conversation, None, "CRÈME brûlée").await;
    for word in ["creme", "Crème", "BRULEE", "bru\u{302}le\u{301}e"] {
        let hits = hits(&world, request(&world, &[word])).await;
        assert_eq!(hits.iter().map(|hit| hit.message_id).collect::<Vec<_>>(), [message.id], "{word}");
        assert_eq!(hits[0].highlights.len(), 1, "{word}");
    }
}
