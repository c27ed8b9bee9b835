//! Settings of sockets.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::frames::Limits;

/// Limits and times of sockets.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The largest message from a client, in bytes.
    #[validate(range(min = 1_024, max = 16_777_216, message = "must be between 1 KiB and 16 MiB"))]
    pub frame_bytes: usize,
    /// The most subscriptions of a socket.
    #[validate(range(min = 1, max = 10_000, message = "must be between 1 and 10000"))]
    pub subscriptions: usize,
    /// How long a client may take to say who it is, in seconds.
    #[validate(range(min = 1, max = 300, message = "must be between 1 and 300"))]
    pub hello_seconds: u64,
    /// After how many seconds of silence a client is asked whether it is there.
    #[validate(range(min = 1, max = 3_600, message = "must be between 1 and 3600"))]
    pub ping_seconds: u64,
    /// How long the answer may take, in seconds.
    #[validate(range(min = 1, max = 300, message = "must be between 1 and 300"))]
    pub pong_seconds: u64,
    /// The most that is sent to make up for what a client has missed, in bytes; it gets a snapshot where a replay would
    /// be larger.
    #[validate(range(min = 65_536, max = 67_108_864, message = "must be between 64 KiB and 64 MiB"))]
    pub queue_bytes: usize,
    /// How long a client may leave unread what waits for it, in seconds.
    #[validate(range(min = 2, max = 600, message = "must be between 2 and 600"))]
    pub slow_seconds: u64,
    /// Open sockets; more are closed at once with 4429.
    #[validate(range(min = 1, max = 1_000_000, message = "must be between 1 and 1000000"))]
    pub max_connections: usize,
    /// Open sockets of one address, or one network of IPv6, on which nobody has said yet who they are; more are closed at
    /// once with 4429.
    #[validate(range(min = 1, max = 1_000_000, message = "must be between 1 and 1000000"))]
    pub max_strangers: usize,
    /// Commands of one socket at work at one time; more are refused.
    #[validate(range(min = 1, max = 1_024, message = "must be between 1 and 1024"))]
    pub commands_in_flight: usize,
    /// The kernel's buffer for what is sent on a connection, in bytes: what a client that never reads costs beside
    /// the queue.
    #[validate(range(min = 16_384, max = 16_777_216, message = "must be between 16 KiB and 16 MiB"))]
    pub send_buffer_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            frame_bytes: 64 * 1024,
            subscriptions: 128,
            hello_seconds: 10,
            ping_seconds: 25,
            pong_seconds: 10,
            queue_bytes: 1024 * 1024,
            slow_seconds: 30,
            max_connections: 20_000,
            max_strangers: 256,
            commands_in_flight: 32,
            send_buffer_bytes: 256 * 1024,
        }
    }
}

impl Settings {
    /// What `welcome` says about them.
    pub const fn limits(&self) -> Limits {
        Limits {
            frame_bytes: self.frame_bytes,
            subscriptions: self.subscriptions,
            queue_bytes: self.queue_bytes,
        }
    }

    /// How long a client may take to say who it is.
    pub const fn hello(&self) -> Duration {
        Duration::from_secs(self.hello_seconds)
    }

    /// After how much silence a client is asked whether it is there.
    pub const fn ping(&self) -> Duration {
        Duration::from_secs(self.ping_seconds)
    }

    /// How long the answer may take.
    pub const fn pong(&self) -> Duration {
        Duration::from_secs(self.pong_seconds)
    }

    /// How long a client may leave unread what waits for it. The kernel cuts the connection at the configured time;
    /// the farewell goes out a little earlier, so that a client that does read learns why.
    pub const fn slow(&self) -> Duration {
        Duration::from_millis(self.slow_seconds * 1_000 * 5 / 6)
    }

    /// How long the kernel may wait for a client to take something before it gives the connection up.
    pub const fn user_timeout(&self) -> Duration {
        Duration::from_secs(self.slow_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_those_of_the_contract() {
        let settings = Settings::default();
        assert!(settings.validate().is_ok());
        assert_eq!(
            (settings.frame_bytes, settings.subscriptions, settings.queue_bytes),
            (65_536, 128, 1_048_576)
        );
        assert!(settings.slow() < settings.user_timeout());
    }
}
