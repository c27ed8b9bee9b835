//! Links and challenges that work once.

use std::time::Duration;

use domain::{Event, Ticket, TicketId, TicketKind, UserId, WorkspaceId};

use super::tokens;
use crate::{Error, Services};

/// What a new ticket is good for.
pub struct NewTicket {
    /// What it is good for.
    pub kind: TicketKind,
    /// The workspace in which it works.
    pub workspace_id: WorkspaceId,
    /// For whom; `None` while it is not known who asks.
    pub user_id: Option<UserId>,
    /// What its use needs; at most 16 KiB.
    pub payload: String,
    /// How long it works.
    pub lifetime: Duration,
}

/// Makes a ticket: its token, which is stored nowhere, and the event that has to be committed before the token is told.
pub fn issue(services: &Services, new: NewTicket) -> (String, Event) {
    let NewTicket { kind, workspace_id, user_id, payload, lifetime } = new;
    let token = tokens::session_token(&services.ports.ids.secret());
    let created_at = services.ports.clock.now();
    let ticket = Ticket {
        id: TicketId::from_uuid(services.ports.ids.uuid()),
        kind,
        workspace_id,
        user_id,
        token_hash: services.keyring.hash(&token),
        payload,
        created_at,
        expires_at: created_at.plus(lifetime),
    };
    (token, Event::TicketIssued(ticket))
}

/// The ticket behind a token, where it is of this kind and still works. The unit of work that carries out what it is good
/// for has to hold [`used`], so that it works once.
pub async fn find(services: &Services, kind: TicketKind, token: &str) -> Result<Option<Ticket>, Error> {
    let found = services.ports.identities.ticket(services.keyring.hash(token)).await?;
    let now = services.ports.clock.now();
    Ok(found.filter(|ticket| ticket.kind == kind && ticket.expires_at > now))
}

/// That a ticket was used.
pub const fn used(ticket: &Ticket) -> Event {
    Event::TicketUsed { ticket_id: ticket.id }
}
