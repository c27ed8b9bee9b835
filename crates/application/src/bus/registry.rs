//! Every command by name, for the transports that receive names.

use std::collections::BTreeMap;

use domain::Permission;
use futures_util::future::BoxFuture;
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use super::{Bus, Context, Handler, Reply};
use crate::{
    Error, annotations, conversations, identities, keyring, messages, people, projects, providers, runs,
    shares, tags, workspaces,
};

/// Every command by name.
pub struct Registry(BTreeMap<&'static str, CommandEntry>);

/// What transports and documents need to know of a command.
pub struct CommandEntry {
    /// Its name.
    pub name: &'static str,
    /// What the actor must be allowed to do.
    pub permission: Permission,
    /// The schema of its parameters.
    pub parameters: fn(&mut SchemaGenerator) -> Schema,
    /// The schema of its result.
    pub output: fn(&mut SchemaGenerator) -> Schema,
    /// Reads the parameters and carries it out.
    pub dispatch: for<'a> fn(&'a Bus, &'a Context, Value) -> BoxFuture<'a, Result<Reply, Error>>,
}

impl Registry {
    /// The registry of all commands of this crate.
    pub fn new() -> Self {
        let mut registry = Self(BTreeMap::new());
        registry.add::<conversations::CreateConversation>();
        registry.add::<conversations::UpdateConversation>();
        registry.add::<conversations::DeleteConversation>();
        registry.add::<conversations::ForkConversation>();
        registry.add::<conversations::TagConversation>();
        registry.add::<conversations::UntagConversation>();
        registry.add::<tags::CreateTag>();
        registry.add::<tags::UpdateTag>();
        registry.add::<tags::DeleteTag>();
        registry.add::<messages::SendMessage>();
        registry.add::<messages::EditMessage>();
        registry.add::<messages::DeleteMessage>();
        registry.add::<messages::RegenerateMessage>();
        registry.add::<annotations::CreateAnnotation>();
        registry.add::<annotations::UpdateAnnotation>();
        registry.add::<annotations::DeleteAnnotation>();
        registry.add::<runs::CancelRun>();
        registry.add::<providers::CreateProvider>();
        registry.add::<providers::UpdateProvider>();
        registry.add::<providers::DeleteProvider>();
        registry.add::<providers::TestProvider>();
        registry.add::<keyring::RotateSecretKeys>();
        registry.add::<projects::CreateProject>();
        registry.add::<projects::UpdateProject>();
        registry.add::<projects::DeleteProject>();
        registry.add::<projects::SetProjectMember>();
        registry.add::<projects::RemoveProjectMember>();
        registry.add::<shares::CreateShare>();
        registry.add::<shares::RevokeShare>();
        registry.add::<identities::CreateUser>();
        registry.add::<people::UpdateUser>();
        registry.add::<people::DeleteUser>();
        registry.add::<people::CreatePasswordLink>();
        registry.add::<people::ResetSecondFactors>();
        registry.add::<people::UpdateMe>();
        registry.add::<people::ChangePassword>();
        registry.add::<people::DeleteMe>();
        registry.add::<workspaces::CreateWorkspace>();
        registry.add::<workspaces::UpdateWorkspace>();
        registry.add::<workspaces::LeaveWorkspace>();
        registry.add::<workspaces::UpdateMember>();
        registry.add::<workspaces::RemoveMember>();
        registry.add::<workspaces::CreateInvitation>();
        registry.add::<workspaces::RevokeInvitation>();
        registry.add::<identities::CreateApiKey>();
        registry.add::<identities::RevokeApiKey>();
        registry.add::<identities::SignOut>();
        registry.add::<identities::RevokeSession>();
        registry.add::<identities::RevokeOtherSessions>();
        registry.add::<identities::SwitchWorkspace>();
        registry.add::<identities::BeginTotp>();
        registry.add::<identities::EnableTotp>();
        registry.add::<identities::DisableTotp>();
        registry.add::<identities::ReplaceRecoveryCodes>();
        registry.add::<identities::passkeys::BeginPasskey>();
        registry.add::<identities::passkeys::CreatePasskey>();
        registry.add::<identities::passkeys::UpdatePasskey>();
        registry.add::<identities::passkeys::DeletePasskey>();
        registry.add::<identities::external::DeleteExternalIdentity>();
        registry
    }

    /// A command by name.
    pub fn get(&self, name: &str) -> Option<&CommandEntry> {
        self.0.get(name)
    }

    /// All commands in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &CommandEntry> {
        self.0.values()
    }

    fn add<C: Handler>(&mut self) {
        let entry = CommandEntry {
            name: C::NAME,
            permission: C::PERMISSION,
            parameters: |generator| generator.subschema_for::<C>(),
            output: |generator| generator.subschema_for::<C::Output>(),
            dispatch: |bus, context, parameters| {
                Box::pin(async move { bus.send(context, crate::decode::<C>(parameters)?).await })
            },
        };
        self.0.insert(C::NAME, entry);
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}
