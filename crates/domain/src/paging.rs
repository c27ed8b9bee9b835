//! Keyset paging: a page is asked for by the last key seen, never by an offset.

/// Which page of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<K> {
    /// The key of the last item that the caller has; `None` for the first page.
    pub after: Option<K>,
    /// The largest number of items to return, at least 1.
    pub limit: u16,
}

impl<K> PageRequest<K> {
    /// The first page of at most `limit` items.
    pub const fn first(limit: u16) -> Self {
        Self { after: None, limit }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, K> {
    /// The items in the order of the list.
    pub items: Vec<T>,
    /// The key to ask for the next page with; `None` on the last page.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// Builds a page from up to `limit + 1` rows: the surplus row tells that there is another page.
    pub fn from_surplus(mut rows: Vec<T>, limit: u16, key: impl Fn(&T) -> K) -> Self {
        let has_more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next = if has_more { rows.last().map(key) } else { None };
        Self { items: rows, next }
    }

    /// The same page with other items.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U, K> {
        Page { items: self.items.into_iter().map(convert).collect(), next: self.next }
    }
}
