//! All storage ports of one database, and the macro that stamps the suites for an adapter.

use std::any::Any;
use std::sync::Arc;

use domain::ports::{
    Annotations, AuditLog, Conversations, IdempotencyRecords, Identities, Jobs, Journal, Maintenance,
    Messages, Projects, Providers, Runs, Search, SecretKeys, Shares, Tags, Workspaces,
};

/// One empty database behind all its ports.
#[derive(Clone)]
pub struct Storage {
    /// Changing data.
    pub journal: Arc<dyn Journal>,
    /// Reading conversations.
    pub conversations: Arc<dyn Conversations>,
    /// Reading messages.
    pub messages: Arc<dyn Messages>,
    /// Reading runs.
    pub runs: Arc<dyn Runs>,
    /// Reading accounts.
    pub identities: Arc<dyn Identities>,
    /// Reading workspaces.
    pub workspaces: Arc<dyn Workspaces>,
    /// Reading projects.
    pub projects: Arc<dyn Projects>,
    /// Reading tags.
    pub tags: Arc<dyn Tags>,
    /// Reading annotations.
    pub annotations: Arc<dyn Annotations>,
    /// Reading links.
    pub shares: Arc<dyn Shares>,
    /// Reading the audit log.
    pub audit: Arc<dyn AuditLog>,
    /// The keys of the server.
    pub secret_keys: Arc<dyn SecretKeys>,
    /// Reading model providers.
    pub providers: Arc<dyn Providers>,
    /// Reading the results of earlier attempts.
    pub idempotency: Arc<dyn IdempotencyRecords>,
    /// Background work.
    pub jobs: Arc<dyn Jobs>,
    /// Keeping order.
    pub maintenance: Arc<dyn Maintenance>,
    /// Full-text search.
    pub search: Arc<dyn Search>,
    /// What must live as long as the database, such as its temporary directory.
    pub guard: Arc<dyn Any + Send + Sync>,
}

impl Storage {
    /// The ports of an adapter that implements all of them.
    pub fn new<A>(adapter: &Arc<A>, guard: Arc<dyn Any + Send + Sync>) -> Self
    where
        A: Journal
            + Conversations
            + Messages
            + Runs
            + Identities
            + Workspaces
            + Projects
            + Tags
            + Annotations
            + Shares
            + AuditLog
            + SecretKeys
            + Providers
            + IdempotencyRecords
            + Jobs
            + Maintenance
            + Search
            + 'static,
    {
        Self {
            journal: adapter.clone(),
            conversations: adapter.clone(),
            messages: adapter.clone(),
            runs: adapter.clone(),
            identities: adapter.clone(),
            workspaces: adapter.clone(),
            projects: adapter.clone(),
            tags: adapter.clone(),
            annotations: adapter.clone(),
            shares: adapter.clone(),
            audit: adapter.clone(),
            secret_keys: adapter.clone(),
            providers: adapter.clone(),
            idempotency: adapter.clone(),
            jobs: adapter.clone(),
            maintenance: adapter.clone(),
            search: adapter.clone(),
            guard,
        }
    }
}

/// Asserts that an answer of storage is an error of a kind.
#[macro_export]
macro_rules! assert_refused {
    ($answer:expr, $kind:pat) => {{
        let answer = $answer;
        assert!(matches!(&answer, Err($kind)), "expected {}, got {answer:?}", stringify!($kind));
    }};
}

/// Makes a test of every case of the storage suites. The expression gives a fresh, empty
/// [`Storage`](crate::contracts::Storage) each time.
#[macro_export]
macro_rules! storage_contract {
    ($storage:expr) => {
        $crate::stamp_suite!($storage, annotations: [
            a_message_is_rated_once,
            an_annotation_is_made_changed_and_deleted,
            an_annotation_needs_its_message,
            annotations_are_read_where_they_are,
            annotations_go_with_what_they_are_about,
        ]);
        $crate::stamp_suite!($storage, api_keys: [
            api_keys_are_found_by_hash_until_revoked,
            keys_page_newest_first,
            spending_counts_by_key_and_month,
        ]);
        $crate::stamp_suite!($storage, audit: [
            an_entry_tells_who_did_what,
            entries_are_found_by_name_person_and_time,
            entries_stay_in_their_workspace,
            the_chain_never_breaks,
        ]);
        $crate::stamp_suite!($storage, conversations: [
            a_conversation_comes_back_as_it_was_written,
            a_list_holds_one_persons_conversations,
            a_version_is_replaced_by_the_next_one_only,
            another_workspace_sees_nothing,
            deleting_takes_everything_along,
            filters_can_be_combined,
            lists_are_narrowed_to_a_tag_and_a_time,
            lists_page_without_gaps_or_repetitions,
            many_are_found_at_once,
            messages_are_counted_by_storage,
            titles_are_searched_without_regard_to_case,
        ]);
        $crate::stamp_suite!($storage, factors: [
            a_passkey_belongs_to_one_person,
            a_recovery_code_works_once,
            an_identity_elsewhere_leads_to_one_account,
            codes_of_a_step_count_once,
            factors_go_with_their_account,
        ]);
        $crate::stamp_suite!($storage, idempotency: [
            a_key_is_used_once,
            a_refused_unit_leaves_no_record,
            an_expired_record_gives_way,
            fifty_attempts_at_once_succeed_once,
        ]);
        $crate::stamp_suite!($storage, jobs: [
            a_claimed_job_is_claimed_again_only_after_its_lease,
            a_finished_job_is_gone,
            a_renewed_lease_keeps_a_job,
            due_jobs_are_claimed_oldest_first,
            jobs_go_with_their_conversation,
            many_claimants_never_share_a_job,
        ]);
        $crate::stamp_suite!($storage, journal: [
            a_fact_names_the_one_before_it,
            a_leaf_of_another_conversation_is_rejected,
            a_refused_unit_leaves_nothing_behind,
            a_unit_changes_one_workspace,
            concurrent_units_fail_alone,
            facts_are_read_in_order_without_gaps,
            facts_name_what_happened,
            facts_outlive_their_conversation,
            facts_stay_in_their_workspace,
            the_observer_sees_every_commit_in_order,
            the_order_of_events_does_not_matter_for_the_leaf,
            usage_leaves_no_fact,
            what_is_kept_is_not_forgotten,
        ]);
        $crate::stamp_suite!($storage, maintenance: [
            a_healthy_database_says_what_it_is,
            nothing_drifts_by_itself,
            what_has_expired_is_forgotten,
            what_nobody_can_use_any_more_is_forgotten,
        ]);
        $crate::stamp_suite!($storage, messages: [
            a_message_comes_back_as_it_was_written,
            a_parent_of_another_conversation_is_rejected,
            a_thread_pages_from_the_leaf_to_the_root,
            a_vanished_parent_is_a_conflict,
            another_workspace_sees_no_message,
            deleting_a_branch_is_all_or_nothing,
            edits_keep_what_was_said,
            lists_hold_all_branches_newest_first,
            siblings_stand_oldest_first,
            stale_edits_conflict,
            the_tree_has_every_message,
        ]);
        $crate::stamp_suite!($storage, people: [
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
        $crate::stamp_suite!($storage, projects: [
            a_project_is_managed_by_its_maker,
            a_project_shows_what_was_put_there,
            members_see_a_project_as_far_as_they_may,
            projects_stay_in_their_workspace,
            the_projects_of_a_person_page_newest_first,
        ]);
        $crate::stamp_suite!($storage, providers: [
            a_provider_is_connected_changed_and_disconnected,
        ]);
        $crate::stamp_suite!($storage, runs: [
            a_checkpoint_keeps_what_has_arrived,
            a_run_ends_once,
            a_run_needs_a_pending_answer,
            a_wish_to_stop_is_told_with_the_lease,
            an_abandoned_run_is_found_when_its_lease_is_over,
            nothing_is_written_to_a_deleted_conversation,
            runs_are_found_by_conversation_and_message,
        ]);
        $crate::stamp_suite!($storage, search: [
            all_words_or_any,
            answers_are_found_once_they_are_whole,
            conversations_and_roles_can_be_left_out,
            edited_and_deleted_words_are_forgotten,
            hits_are_marked,
            newest_first_pages_backwards,
            nothing_a_person_types_is_syntax,
            only_one_persons_messages_are_found,
            searches_are_narrowed,
            the_best_match_comes_first,
            words_match_without_case_and_accents,
        ]);
        $crate::stamp_suite!($storage, secret_keys: [
            a_key_of_a_purpose_is_added_once,
            a_key_takes_the_place_of_another,
            a_value_is_sealed_anew_only_if_unchanged,
            keys_are_wrapped_anew_all_or_none,
            a_reset_leaves_nothing_that_earlier_keys_opened,
        ]);
        $crate::stamp_suite!($storage, sessions: [
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
        $crate::stamp_suite!($storage, shares: [
            a_link_is_found_until_it_is_revoked,
            a_link_needs_a_conversation,
        ]);
        $crate::stamp_suite!($storage, tags: [
            a_name_is_taken_once,
            a_tag_is_its_owners_alone,
            a_tag_is_made_changed_and_deleted,
            conversations_are_found_under_their_tags,
            only_tagging_changes_tags,
            tags_go_with_their_person,
            tags_page_newest_first,
        ]);
        $crate::stamp_suite!($storage, tickets: [
            a_new_password_ends_links_that_set_one,
            a_ticket_that_was_not_used_stays,
            a_ticket_works_once,
        ]);
        $crate::stamp_suite!($storage, workspaces: [
            a_workspace_is_renamed,
            an_invitation_is_followed_once,
            invitations_are_listed_and_taken_back,
            leaving_ends_what_one_had_there,
            the_workspaces_of_a_person_are_told_with_their_role,
        ]);
        $crate::stamp_suite!($storage, writing: [
            a_refused_unit_is_in_nobodys_way,
            nothing_optional_is_needed,
            places_of_each_person_are_linked,
        ]);
    };
}

/// Makes a test of each case of one suite.
#[doc(hidden)]
#[macro_export]
macro_rules! stamp_suite {
    ($storage:expr, $suite:ident: [$($case:ident),+ $(,)?]) => {
        mod $suite {
            use super::*;

            $(
                #[tokio::test]
                async fn $case() {
                    $crate::contracts::$suite::$case($storage).await;
                }
            )+
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_stamped() {
        let stamped = include_str!("storage.rs");
        let suites = [
            include_str!("annotations.rs"),
            include_str!("api_keys.rs"),
            include_str!("audit.rs"),
            include_str!("conversations.rs"),
            include_str!("factors.rs"),
            include_str!("idempotency.rs"),
            include_str!("jobs.rs"),
            include_str!("journal.rs"),
            include_str!("maintenance.rs"),
            include_str!("messages.rs"),
            include_str!("people.rs"),
            include_str!("projects.rs"),
            include_str!("providers.rs"),
            include_str!("runs.rs"),
            include_str!("search.rs"),
            include_str!("secret_keys.rs"),
            include_str!("sessions.rs"),
            include_str!("shares.rs"),
            include_str!("tags.rs"),
            include_str!("tickets.rs"),
            include_str!("workspaces.rs"),
            include_str!("writing.rs"),
        ];
        for suite in suites {
            for line in suite.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
                let case = line.split('(').next().unwrap_or_default();
                assert!(stamped.contains(&format!("            {case},\n")), "{case} is not stamped");
            }
        }
    }
}
