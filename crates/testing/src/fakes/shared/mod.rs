//! A database in memory that several nodes share, as they share a Postgres: each node commits and reads, and hears of
//! what the others do by news that may come late, twice, in another order or not at all.

mod accounts;
mod conversations;
mod journal;
mod notes;
mod operator;
mod people;
mod sharing;
mod tables;
mod workspaces;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use domain::ports::{Clock, CommitObserver, Committed, News, Position, StorageError};
use domain::{Event, UnitOfWork, UserId};
use parking_lot::Mutex;
use tokio::runtime::Handle;

use self::tables::Tables;

/// The database that the nodes share.
pub struct SharedDatabase {
    tables: Mutex<Tables>,
    nodes: Mutex<Vec<Arc<SharedNode>>>,
    noise: Mutex<Noise>,
    random: AtomicU64,
    is_away: AtomicBool,
    clock: Arc<dyn Clock>,
}

/// How badly news travels, and how long anything takes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Noise {
    /// How many of a hundred are lost.
    pub lost: u8,
    /// How many of a hundred come twice.
    pub doubled: u8,
    /// How many readings of a hundred fail.
    pub failing: u8,
    /// The longest that a commit, a reading or a piece of news takes.
    pub longest: Duration,
}

/// One node's way to the database: implements the storage ports.
pub struct SharedNode {
    database: Arc<SharedDatabase>,
    is_cut_off: AtomicBool,
    lost_answers: AtomicUsize,
    observer: Mutex<Option<Arc<dyn CommitObserver>>>,
}

impl SharedDatabase {
    /// An empty database with a clock of its own. The seed decides what happens to news.
    pub fn new(seed: u64, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            tables: Mutex::default(),
            nodes: Mutex::default(),
            noise: Mutex::default(),
            random: AtomicU64::new(seed | 1),
            is_away: AtomicBool::new(false),
            clock,
        })
    }

    /// A further node.
    pub fn node(self: &Arc<Self>) -> Arc<SharedNode> {
        let node = Arc::new(SharedNode {
            database: Arc::clone(self),
            is_cut_off: AtomicBool::new(false),
            lost_answers: AtomicUsize::new(0),
            observer: Mutex::default(),
        });
        self.nodes.lock().push(Arc::clone(&node));
        node
    }

    /// From now on, news travels like this.
    pub fn set_noise(&self, noise: Noise) {
        *self.noise.lock() = noise;
    }

    /// From now on, the database answers nothing, or answers again.
    pub fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    /// Tells every node that news may have been lost.
    pub fn disturb(&self) {
        for node in self.nodes.lock().clone() {
            node.tell(News::Disturbed);
        }
    }

    /// A number below `limit`, from a sequence that the seed decides (xorshift64).
    fn random(&self, limit: u64) -> u64 {
        let mut number = self.random.load(Ordering::SeqCst);
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        self.random.store(number, Ordering::SeqCst);
        number % limit.max(1)
    }

    fn happens(&self, percent: u8) -> bool {
        self.random(100) < u64::from(percent)
    }

    async fn pause(&self) {
        let longest = u64::try_from(self.noise.lock().longest.as_micros()).unwrap_or(u64::MAX);
        if longest > 0 {
            tokio::time::sleep(Duration::from_micros(self.random(longest))).await;
        }
    }
}

impl SharedNode {
    /// From now on, the node cannot reach the database and hears nothing, or can again.
    pub fn cut_off(&self, is_cut_off: bool) {
        self.is_cut_off.store(is_cut_off, Ordering::SeqCst);
        if !is_cut_off {
            self.tell(News::Disturbed);
        }
    }

    /// The answers to the next commits are lost on their way: they are stored, and fail.
    pub fn lose_answers(&self, commits: usize) {
        self.lost_answers.store(commits, Ordering::SeqCst);
    }

    fn loses_answer(&self) -> bool {
        let fewer = |left: usize| left.checked_sub(1);
        self.lost_answers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok()
    }

    /// How many jobs are neither finished nor given up.
    pub fn pending_jobs(&self) -> usize {
        self.database.tables.lock().jobs.len()
    }

    fn check_reachable(&self) -> Result<(), StorageError> {
        if self.is_cut_off.load(Ordering::SeqCst) || self.database.is_away.load(Ordering::SeqCst) {
            return Err(StorageError::Unavailable("the database is away, as planned".into()));
        }
        Ok(())
    }

    /// Reads after a moment, unless the reading is one of those that fail.
    async fn read<T>(&self, read: impl FnOnce(&Tables) -> T + Send) -> Result<T, StorageError> {
        self.database.pause().await;
        self.check_reachable()?;
        let failing = self.database.noise.lock().failing;
        if self.database.happens(failing) {
            return Err(StorageError::Unavailable("a planned fault".into()));
        }
        Ok(read(&self.database.tables.lock()))
    }

    /// Changes the tables, or leaves them as they are.
    async fn write<T>(
        &self,
        write: impl FnOnce(&mut Tables) -> Result<T, StorageError> + Send,
    ) -> Result<T, StorageError> {
        self.database.pause().await;
        self.check_reachable()?;
        let mut tables = self.database.tables.lock();
        let mut changed = tables.clone();
        let outcome = write(&mut changed)?;
        *tables = changed;
        Ok(outcome)
    }

    fn tell(&self, news: News) {
        let observer = self.observer.lock().clone();
        if let Some(observer) = observer.filter(|_| !self.is_cut_off.load(Ordering::SeqCst)) {
            observer.news(news);
        }
    }

    fn tell_committed(&self, unit: &Arc<UnitOfWork>, committed: &Committed) {
        let observer = self.observer.lock().clone();
        if let Some(observer) = observer {
            observer.committed(unit, committed);
        }
        let mut facts: HashMap<UserId, Position> = HashMap::new();
        for place in committed.places.iter().flatten() {
            if let Some(owner_id) = place.owner_id {
                facts.insert(owner_id, place.position);
            }
        }
        let facts = facts.into_iter().map(|(owner_id, position)| News::Facts(owner_id, position));
        let jobs = (!unit.jobs.is_empty()).then_some(News::Jobs);
        let stops = unit.events.iter().filter_map(|event| match event {
            Event::RunStopRequested(run) => Some(News::StopRun(run.id)),
            _ => None,
        });
        for news in facts.chain(jobs).chain(stops) {
            self.spread(news);
        }
    }

    /// Sends news to every other node, as badly as planned.
    fn spread(&self, news: News) {
        let nodes = self.database.nodes.lock().clone();
        let noise = *self.database.noise.lock();
        for node in nodes.into_iter().filter(|node| !std::ptr::eq(Arc::as_ptr(node), self)) {
            let times = match (self.database.happens(noise.lost), self.database.happens(noise.doubled)) {
                (true, _) => 0,
                (false, true) => 2,
                (false, false) => 1,
            };
            for _ in 0..times {
                let node = Arc::clone(&node);
                Handle::current().spawn(async move {
                    node.database.pause().await;
                    node.tell(news);
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::Storage;
    use crate::fakes::ManualClock;
    use crate::stamp_suite;

    fn storage() -> Storage {
        let database = SharedDatabase::new(7, Arc::new(ManualClock::default()));
        Storage::new(&database.node(), Arc::new(()))
    }

    stamp_suite!(storage(), conversations: [
        a_conversation_comes_back_as_it_was_written,
        a_list_holds_one_persons_conversations,
        a_version_is_replaced_by_the_next_one_only,
        another_workspace_sees_nothing,
        deleting_takes_everything_along,
        lists_are_narrowed_to_a_tag_and_a_time,
        many_are_found_at_once,
        messages_are_counted_by_storage,
    ]);
    stamp_suite!(storage(), idempotency: [
        a_key_is_used_once,
        a_refused_unit_leaves_no_record,
        fifty_attempts_at_once_succeed_once,
    ]);
    stamp_suite!(storage(), jobs: [
        a_claimed_job_is_claimed_again_only_after_its_lease,
        a_finished_job_is_gone,
        a_renewed_lease_keeps_a_job,
        due_jobs_are_claimed_oldest_first,
        jobs_go_with_their_conversation,
        many_claimants_never_share_a_job,
    ]);
    stamp_suite!(storage(), journal: [
        a_fact_names_the_one_before_it,
        a_refused_unit_leaves_nothing_behind,
        concurrent_units_fail_alone,
        facts_are_read_in_order_without_gaps,
        facts_name_what_happened,
        facts_outlive_their_conversation,
        facts_stay_in_their_workspace,
        the_observer_sees_every_commit_in_order,
        what_is_kept_is_not_forgotten,
    ]);
    stamp_suite!(storage(), runs: [
        a_checkpoint_keeps_what_has_arrived,
        a_run_ends_once,
        a_run_needs_a_pending_answer,
        a_wish_to_stop_is_told_with_the_lease,
        an_abandoned_run_is_found_when_its_lease_is_over,
        nothing_is_written_to_a_deleted_conversation,
        runs_are_found_by_conversation_and_message,
    ]);
    stamp_suite!(storage(), annotations: [
        a_message_is_rated_once,
        an_annotation_is_made_changed_and_deleted,
        an_annotation_needs_its_message,
        annotations_are_read_where_they_are,
        annotations_go_with_what_they_are_about,
    ]);
    stamp_suite!(storage(), api_keys: [
        api_keys_are_found_by_hash_until_revoked,
        keys_page_newest_first,
        spending_counts_by_key_and_month,
    ]);
    stamp_suite!(storage(), audit: [
        an_entry_tells_who_did_what,
        entries_are_found_by_name_person_and_time,
        entries_stay_in_their_workspace,
        the_chain_never_breaks,
    ]);
    stamp_suite!(storage(), factors: [
        a_passkey_belongs_to_one_person,
        a_recovery_code_works_once,
        an_identity_elsewhere_leads_to_one_account,
        codes_of_a_step_count_once,
        factors_go_with_their_account,
    ]);
    stamp_suite!(storage(), people: [
        a_changed_account_replaces_the_version_before,
        a_person_is_seen_from_home_first,
        a_workspace_keeps_an_active_owner,
        accounts_page_newest_first,
        an_address_has_one_account_whatever_its_case,
        deleting_a_person_takes_all_but_the_record,
        ids_are_not_taken_twice,
        nobody_is_left_behind_without_an_owner,
        nobody_leaves_two_workspaces_at_once,
        the_first_owner_is_made_once,
        two_owners_do_not_leave_at_once,
    ]);
    stamp_suite!(storage(), projects: [
        a_project_is_managed_by_its_maker,
        a_project_shows_what_was_put_there,
        members_see_a_project_as_far_as_they_may,
        projects_stay_in_their_workspace,
        the_projects_of_a_person_page_newest_first,
    ]);
    stamp_suite!(storage(), providers: [
        a_provider_is_connected_changed_and_disconnected,
    ]);
    stamp_suite!(storage(), secret_keys: [
        a_key_of_a_purpose_is_added_once,
        a_key_takes_the_place_of_another,
        a_value_is_sealed_anew_only_if_unchanged,
        keys_are_wrapped_anew_all_or_none,
        a_reset_leaves_nothing_that_earlier_keys_opened,
    ]);
    stamp_suite!(storage(), sessions: [
        a_generation_is_replaced_once,
        a_session_is_opened_for_the_account_that_was_looked_at,
        a_program_is_not_found_by_what_its_tokens_are_made_from,
        a_session_looks_at_another_workspace_of_its_person,
        all_sessions_but_one_end_everywhere,
        it_is_known_from_where_somebody_signed_in,
        sessions_are_found_by_token_until_closed,
        sessions_page_newest_first,
        uses_are_noted_and_never_go_back,
    ]);
    stamp_suite!(storage(), shares: [
        a_link_is_found_until_it_is_revoked,
        a_link_needs_a_conversation,
    ]);
    stamp_suite!(storage(), tags: [
        a_name_is_taken_once,
        a_tag_is_its_owners_alone,
        a_tag_is_made_changed_and_deleted,
        conversations_are_found_under_their_tags,
        only_tagging_changes_tags,
        tags_go_with_their_person,
        tags_page_newest_first,
    ]);
    stamp_suite!(storage(), tickets: [
        a_new_password_ends_links_that_set_one,
        a_ticket_that_was_not_used_stays,
        a_ticket_works_once,
    ]);
    stamp_suite!(storage(), workspaces: [
        a_workspace_is_renamed,
        an_invitation_is_followed_once,
        invitations_are_listed_and_taken_back,
        leaving_ends_what_one_had_there,
        the_workspaces_of_a_person_are_told_with_their_role,
    ]);
}
