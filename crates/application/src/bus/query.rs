//! Queries: data that says what is wanted to know, and how it is answered.

use async_trait::async_trait;
use domain::Permission;
use validator::Validate;

use super::Context;
use crate::{Error, Services};

/// A wish to know something.
#[async_trait]
pub trait Query: Validate + Send + Sync {
    /// `<noun>.<verb>`, the name in traces and metrics.
    const NAME: &'static str;
    /// What the actor must be allowed to do.
    const PERMISSION: Permission;
    /// The answer.
    type Output: Send;

    /// Reads the answer.
    async fn answer(&self, services: &Services, context: &Context) -> Result<Self::Output, Error>;
}
