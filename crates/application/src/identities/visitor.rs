//! Somebody who has not said who they are.

use std::net::IpAddr;
use std::sync::Arc;

use domain::{Credential, DeviceName, Event, Origin, UnitOfWork, UserId, WorkspaceId};

use crate::Services;

/// Somebody who has not said who they are, or is about to: what is known of their request.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The request, as logs and answers name it.
    pub request_id: Arc<str>,
    /// Where it came from, as far as it can be trusted.
    pub address: Option<IpAddr>,
    /// What it was sent with, such as "Firefox on Linux".
    pub device: Option<DeviceName>,
    /// How people reach the server, such as `https://chat.example.org`: what links begin with.
    pub site: Option<Arc<str>>,
}

impl Visitor {
    /// A unit of work that such a request causes now; `user_id` is the person whom it turned out to be.
    pub fn unit_of_work(
        &self,
        services: &Services,
        workspace_id: WorkspaceId,
        user_id: Option<UserId>,
        credential: Credential,
        events: Vec<Event>,
    ) -> UnitOfWork {
        let request_id = Some(self.request_id.to_string());
        let origin = Origin { user_id, credential, request_id, address: self.address };
        UnitOfWork::new(workspace_id, origin, services.ports.clock.now(), events)
    }
}
