//! Settings of the application layer.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use validator::Validate;

/// Limits and times of the application layer. Durations are in milliseconds unless their name says otherwise.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Commands and queries at work at one time; more are refused with 503.
    #[validate(range(min = 1, max = 1_000_000))]
    pub max_in_flight: usize,
    /// The longest that a command or a query may take.
    #[validate(range(min = 100, max = 600_000))]
    pub timeout_ms: u64,
    /// Commands and queries of one person within a minute.
    #[validate(range(min = 1))]
    pub requests_per_minute: u32,
    /// Answers that one person may have begun within a minute, outside of conversations too.
    #[validate(range(min = 1))]
    pub generations_per_minute: u32,
    /// Attempts to sign in on one account within a minute; ten times as many from one address.
    #[validate(range(min = 1))]
    pub sign_ins_per_minute: u32,
    /// The same within a day.
    #[validate(range(min = 1))]
    pub sign_ins_per_day: u32,
    /// How long a session lasts.
    #[validate(range(min = 1, max = 3650))]
    pub session_days: u32,
    /// How long the last use of sessions and keys stays in memory before it is written down.
    #[validate(range(min = 100, max = 600_000))]
    pub last_use_ms: u64,
    /// Generations at work at one time; more are refused with 503.
    #[validate(range(min = 1, max = 100_000))]
    pub max_runs: usize,
    /// How long deltas are gathered before they go out together.
    #[validate(range(min = 1, max = 1_000))]
    pub coalesce_ms: u64,
    /// The longest that streamed text stays in memory only.
    #[validate(range(min = 50, max = 1_000))]
    pub checkpoint_ms: u64,
    /// How much streamed text may stay in memory only, in bytes.
    #[validate(range(min = 1_024, max = 1_048_576))]
    pub checkpoint_bytes: usize,
    /// The largest answer, in bytes; a longer one fails with what had arrived.
    #[validate(range(min = 1_024, max = 67_108_864))]
    pub max_answer_bytes: usize,
    /// How long running answers may go on once the server is told to stop.
    #[validate(range(max = 600_000))]
    pub drain_ms: u64,
    /// The most messages of a conversation that a model is shown.
    #[validate(range(min = 1, max = 10_000))]
    pub max_context_messages: usize,
    /// The most text that a model is shown, in bytes.
    #[validate(range(min = 1_024, max = 67_108_864))]
    pub max_context_bytes: usize,
    /// Whether a model gives conversations better titles.
    pub titles: bool,
    /// Memory for hashing one password with argon2id, in KiB (OWASP: at least 19,456).
    #[validate(range(min = 8_192, max = 1_048_576))]
    pub argon2_memory_kib: u32,
    /// Passes over that memory.
    #[validate(range(min = 1, max = 16))]
    pub argon2_passes: u32,
    /// Who may have an account, and what people may do with it.
    #[validate(nested)]
    pub identity: IdentitySettings,
}

/// Who may have an account, and what people may do with it.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct IdentitySettings {
    /// Who may make an account for themselves.
    pub registration: Registration,
    /// With `registration = "domains"`: the domains of the addresses that may.
    #[validate(length(max = 256, message = "must be at most 256 domains"))]
    pub registration_domains: Vec<String>,
    /// Whether an administrator has to agree to each account that somebody made for themselves.
    pub approval: bool,
    /// How long invitations and first passwords may be waited for, in hours.
    #[validate(range(min = 1, max = 8_760))]
    pub invitation_hours: u32,
    /// How long a link for a new password works, in minutes.
    #[validate(range(min = 5, max = 1_440))]
    pub password_link_minutes: u32,
    /// Whether conversations may be shown to anybody who has a link.
    pub link_sharing: bool,
    /// How long an access token works, in minutes.
    #[validate(range(min = 1, max = 60))]
    pub access_token_minutes: u32,
}

/// Who may make an account for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// Nobody, without an invitation.
    Closed,
    /// Whoever reads the mail of an address in certain domains.
    Domains,
    /// Anybody.
    Open,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self {
            registration: Registration::Closed,
            registration_domains: Vec::new(),
            approval: false,
            invitation_hours: 72,
            password_link_minutes: 60,
            link_sharing: true,
            access_token_minutes: 10,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_in_flight: 4_096,
            timeout_ms: 15_000,
            requests_per_minute: 1_200_000,
            generations_per_minute: 1_200_000,
            sign_ins_per_minute: 10,
            sign_ins_per_day: 100,
            session_days: 30,
            last_use_ms: 60_000,
            max_runs: 4_096,
            coalesce_ms: 25,
            checkpoint_ms: 500,
            checkpoint_bytes: 8 * 1024,
            max_answer_bytes: 8 * 1024 * 1024,
            drain_ms: 10_000,
            max_context_messages: 1_000,
            max_context_bytes: 4 * 1024 * 1024,
            titles: true,
            argon2_memory_kib: 19_456,
            argon2_passes: 2,
            identity: IdentitySettings::default(),
        }
    }
}

impl Settings {
    /// The longest that a command or a query may take.
    pub const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// How long deltas are gathered.
    pub const fn coalesce(&self) -> Duration {
        Duration::from_millis(self.coalesce_ms)
    }

    /// The longest that streamed text stays in memory only.
    pub const fn checkpoint(&self) -> Duration {
        Duration::from_millis(self.checkpoint_ms)
    }

    /// How long running answers may go on at shutdown.
    pub const fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }

    /// How long the last use of a credential stays in memory only.
    pub const fn last_use(&self) -> Duration {
        Duration::from_millis(self.last_use_ms)
    }

    /// How long a session lasts.
    pub const fn session(&self) -> Duration {
        Duration::from_secs(self.session_days as u64 * 86_400)
    }
}
