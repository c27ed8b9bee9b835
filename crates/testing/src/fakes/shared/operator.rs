//! The audit log, and the keys of the server.

use async_trait::async_trait;
use domain::ports::{AuditFilter, AuditLog, SealedKind, SealedPlace, SecretKeys, StorageError};
use domain::{
    AuditEntry, Page, PageRequest, ProviderId, SecretKey, SecretKeyId, Timestamp, UserId, WorkspaceId,
};

use super::SharedNode;
use super::tables::{Tables, refuse_if};

fn fits(filter: &AuditFilter, entry: &AuditEntry) -> bool {
    let record = &entry.record;
    let has_name = |name: &String| match name.strip_suffix('*') {
        Some(beginning) => record.name.starts_with(beginning),
        None => record.name == *name,
    };
    let is_involved = |id: UserId| record.actor_id == Some(id) || record.user_id == Some(id);
    filter.name.as_ref().is_none_or(has_name)
        && filter.user_id.is_none_or(is_involved)
        && filter.since.is_none_or(|since| record.at >= since)
        && filter.until.is_none_or(|until| record.at < until)
}

#[async_trait]
impl AuditLog for SharedNode {
    async fn audit_entries(
        &self,
        workspace_id: WorkspaceId,
        filter: AuditFilter,
        page: PageRequest<u64>,
    ) -> Result<Page<AuditEntry, u64>, StorageError> {
        self.read(|tables| {
            let newest = tables.audit.iter().rev().filter(|it| it.workspace_id == workspace_id);
            let older = newest.filter(|it| page.after.is_none_or(|after| it.sequence < after));
            let wanted = older.filter(|it| fits(&filter, it));
            let rows = wanted.take(usize::from(page.limit) + 1).cloned().collect();
            Page::from_surplus(rows, page.limit, |entry| entry.sequence)
        })
        .await
    }

    async fn audit_chain(
        &self,
        workspace_id: WorkspaceId,
        after: u64,
        limit: u16,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        self.read(|tables| {
            let wanted =
                tables.audit.iter().filter(|it| it.workspace_id == workspace_id && it.sequence > after);
            wanted.take(limit.into()).cloned().collect()
        })
        .await
    }

    async fn audit_heads(&self) -> Result<Vec<(WorkspaceId, u64, [u8; 32])>, StorageError> {
        self.read(|tables| {
            let newest = |id: &WorkspaceId| {
                let entry = tables.audit.iter().rev().find(|it| it.workspace_id == *id)?;
                Some((*id, entry.sequence, entry.hash))
            };
            tables.workspaces.keys().filter_map(newest).collect()
        })
        .await
    }
}

impl Tables {
    fn add_secret_key(&mut self, key: SecretKey) -> bool {
        let is_rival = |other: &SecretKey| other.purpose == key.purpose && other.retired_at.is_none();
        let is_free = !self.secret_keys.values().any(is_rival);
        if is_free {
            self.secret_keys.insert(key.id, key);
        }
        is_free
    }

    pub(super) fn rotate_secret_keys(
        &mut self,
        at: Timestamp,
        rewrapped: &[SecretKey],
        replaced: &[SecretKey],
    ) -> Result<(), StorageError> {
        for key in rewrapped {
            let stored = self.secret_keys.get_mut(&key.id).ok_or(StorageError::Conflict)?;
            (stored.wrapped, stored.wrapped_by) = (key.wrapped.clone(), key.wrapped_by.clone());
        }
        for key in replaced {
            let is_present = |it: &&mut SecretKey| it.purpose == key.purpose && it.retired_at.is_none();
            let present = self.secret_keys.values_mut().find(is_present);
            present.ok_or(StorageError::Conflict)?.retired_at = Some(at);
            refuse_if(!self.add_secret_key(key.clone()))?;
        }
        Ok(())
    }

    pub(super) fn reset_secret_keys(&mut self, keys: &[SecretKey]) -> Result<(), StorageError> {
        self.totp.clear();
        self.recovery_codes.clear();
        self.sessions.clear();
        self.api_keys.clear();
        self.tickets.clear();
        self.invitations.clear();
        self.shares.clear();
        self.records.clear();
        for provider in self.providers.values_mut().filter(|it| it.sealed_api_key.is_some()) {
            (provider.sealed_api_key, provider.version) = (None, provider.version.next());
        }
        self.secret_keys.clear();
        refuse_if(!keys.iter().all(|key| self.add_secret_key(key.clone())))
    }

    fn sealed(&self) -> Vec<(SealedPlace, Vec<u8>)> {
        let place = |kind, id| SealedPlace { kind, id };
        let totp = self.totp.values();
        let totp = totp.map(|it| (place(SealedKind::Totp, it.user_id.uuid()), it.sealed_secret.clone()));
        let keys = self.providers.values().filter_map(|provider| {
            Some((place(SealedKind::ProviderKey, provider.id.uuid()), provider.sealed_api_key.clone()?))
        });
        let mut sealed: Vec<_> = totp.chain(keys).collect();
        sealed.sort();
        sealed
    }

    fn sealed_at(&mut self, place: SealedPlace) -> Option<&mut Vec<u8>> {
        match place.kind {
            SealedKind::Totp => {
                self.totp.get_mut(&UserId::from_uuid(place.id)).map(|it| &mut it.sealed_secret)
            }
            SealedKind::ProviderKey => {
                self.providers.get_mut(&ProviderId::from_uuid(place.id))?.sealed_api_key.as_mut()
            }
        }
    }
}

#[async_trait]
impl SecretKeys for SharedNode {
    async fn secret_keys(&self) -> Result<Vec<SecretKey>, StorageError> {
        self.read(|tables| {
            let mut keys: Vec<SecretKey> = tables.secret_keys.values().cloned().collect();
            keys.sort_by_key(|key| (key.created_at, key.id));
            keys
        })
        .await
    }

    async fn add_secret_key(&self, key: SecretKey) -> Result<bool, StorageError> {
        self.write(|tables| Ok(tables.add_secret_key(key))).await
    }

    async fn remove_secret_key(&self, id: SecretKeyId) -> Result<(), StorageError> {
        self.write(|tables| {
            let removed = tables.secret_keys.remove(&id);
            refuse_if(removed.is_some_and(|key| key.retired_at.is_none()))
        })
        .await
    }

    async fn sealed_values(
        &self,
        after: Option<SealedPlace>,
        limit: u16,
    ) -> Result<Vec<(SealedPlace, Vec<u8>)>, StorageError> {
        self.read(|tables| {
            let later =
                tables.sealed().into_iter().filter(|(place, _)| after.is_none_or(|after| *place > after));
            later.take(limit.into()).collect()
        })
        .await
    }

    async fn reseal(&self, place: SealedPlace, old: &[u8], new: &[u8]) -> Result<bool, StorageError> {
        self.write(|tables| {
            let stored = tables.sealed_at(place).filter(|stored| stored.as_slice() == old);
            Ok(stored.map(|stored| new.clone_into(stored)).is_some())
        })
        .await
    }
}
