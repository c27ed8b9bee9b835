//! Which models there are at one moment, and what their names lead to.

use std::collections::HashMap;
use std::sync::Arc;

use domain::ModelName;
use domain::ports::{ChatModel, ModelDescription, ResolveError, ResolvedModel};

use crate::BUILTIN;
use crate::connected::LanguageModels;

/// One provider at one moment.
#[derive(Clone)]
pub(crate) struct Source {
    pub name: String,
    pub chat: Arc<dyn ChatModel>,
    /// Its models, in its order.
    pub models: Vec<String>,
    /// Whether it may have models that are not listed.
    pub is_open: bool,
}

/// All providers at one moment, the built-in one last. It never changes: a new one takes its place.
pub(crate) struct Catalogue {
    sources: Vec<Source>,
    /// Every listed model: the place of its source, and what the source calls it.
    entries: Vec<Entry>,
    by_name: HashMap<String, usize>,
    by_bare_name: HashMap<String, Vec<usize>>,
    default: ResolvedModel,
}

struct Entry {
    name: ModelName,
    source: usize,
    model: String,
}

impl Catalogue {
    /// `builtin` answers where nothing else does; `chosen` is the operator's default.
    pub fn new(mut sources: Vec<Source>, builtin: Arc<dyn ChatModel>, chosen: Option<&ModelName>) -> Self {
        let recall = ModelName::RECALL.trim_start_matches(BUILTIN).trim_start_matches('/').to_owned();
        let default = ResolvedModel {
            name: ModelName::new(ModelName::RECALL).expect("the constant is the name of a model"),
            provider_model: recall.clone(),
            is_language_model: false,
            chat: Arc::clone(&builtin),
        };
        sources.push(Source {
            name: BUILTIN.to_owned(),
            chat: builtin,
            models: vec![recall],
            is_open: false,
        });
        let mut catalogue = Self {
            sources,
            entries: Vec::new(),
            by_name: HashMap::new(),
            by_bare_name: HashMap::new(),
            default,
        };
        catalogue.index();
        let chosen = chosen.and_then(|name| catalogue.resolve(name).ok());
        let first = || catalogue.entries.first().map(|entry| catalogue.resolved(entry));
        if let Some(default) = chosen.or_else(first) {
            catalogue.default = default;
        }
        catalogue
    }

    fn index(&mut self) {
        for (place, source) in self.sources.iter().enumerate() {
            for model in &source.models {
                // What is no name, such as one with white space in it, cannot be asked for.
                let Ok(name) = ModelName::new(&format!("{}/{model}", source.name)) else { continue };
                if self.by_name.insert(name.to_string(), self.entries.len()).is_some() {
                    continue;
                }
                self.by_bare_name.entry(model.clone()).or_default().push(self.entries.len());
                self.entries.push(Entry { name, source: place, model: model.clone() });
            }
        }
    }

    /// The model behind a full name, listed or at a provider that may have more; or behind an unambiguous bare one.
    pub fn resolve(&self, name: &ModelName) -> Result<ResolvedModel, ResolveError> {
        if let Some(&entry) = self.by_name.get(name.as_str()) {
            return Ok(self.resolved(&self.entries[entry]));
        }
        if let Some((provider, model)) = name.as_str().split_once('/')
            && let Some(source) = self.sources.iter().find(|source| source.name == provider && source.is_open)
            && !model.is_empty()
        {
            return Ok(source.resolved(name.clone(), model));
        }
        match self.by_bare_name.get(name.as_str()).map(Vec::as_slice) {
            None | Some([]) => Err(ResolveError::Unknown),
            Some(&[entry]) => Ok(self.resolved(&self.entries[entry])),
            Some(entries) => {
                let candidates = entries.iter().map(|&entry| self.entries[entry].name.clone()).collect();
                Err(ResolveError::Ambiguous { candidates })
            }
        }
    }

    /// The model that answers when none is named.
    pub fn default_model(&self) -> ResolvedModel {
        self.default.clone()
    }

    /// All listed models; the default one among them even where its provider does not list it.
    pub fn list(&self) -> Vec<ModelDescription> {
        let describe = |name: &ModelName, source: &Source| ModelDescription {
            name: name.clone(),
            provider: source.name.clone(),
            is_language_model: source.is_language_model(),
            is_default: *name == self.default.name,
        };
        let listed = self.entries.iter().map(|entry| describe(&entry.name, &self.sources[entry.source]));
        let unlisted = (!self.by_name.contains_key(self.default.name.as_str()))
            .then(|| self.sources.iter().find(|source| self.default.name.as_str().starts_with(&source.name)))
            .flatten()
            .map(|source| describe(&self.default.name, source));
        unlisted.into_iter().chain(listed).collect()
    }

    /// The listed language models, the default one first; `None` where there is none.
    pub fn language_models(&self) -> Option<LanguageModels> {
        let mut models: Vec<_> = self.list().into_iter().filter(|model| model.is_language_model).collect();
        models.sort_by_key(|model| !model.is_default);
        let others = models.len().saturating_sub(1);
        models.into_iter().next().map(|first| LanguageModels { first: first.name, others })
    }

    fn resolved(&self, entry: &Entry) -> ResolvedModel {
        self.sources[entry.source].resolved(entry.name.clone(), &entry.model)
    }
}

impl Source {
    fn is_language_model(&self) -> bool {
        self.name != BUILTIN
    }

    fn resolved(&self, name: ModelName, model: &str) -> ResolvedModel {
        ResolvedModel {
            name,
            provider_model: model.to_owned(),
            is_language_model: self.is_language_model(),
            chat: Arc::clone(&self.chat),
        }
    }
}

#[cfg(test)]
mod tests {
    use testing::fakes::ScriptedModel;

    use super::*;

    fn name(text: &str) -> ModelName {
        ModelName::new(text).expect("the text is a name")
    }

    fn source(name: &str, models: &[&str], is_open: bool) -> Source {
        let models = models.iter().map(|&model| model.to_owned()).collect();
        Source { name: name.to_owned(), chat: Arc::new(ScriptedModel::answering("x")), models, is_open }
    }

    fn catalogue(sources: Vec<Source>, chosen: Option<&str>) -> Catalogue {
        Catalogue::new(sources, Arc::new(ScriptedModel::answering("recall")), chosen.map(name).as_ref())
    }

    fn resolved(catalogue: &Catalogue, text: &str) -> Result<(String, String), ResolveError> {
        catalogue.resolve(&name(text)).map(|model| (model.name.to_string(), model.provider_model))
    }

    #[test]
    fn names_lead_to_models() {
        let catalogue = catalogue(
            vec![
                source("closed", &["a", "b"], false),
                source("open", &["b", "meta/c"], true),
                source("silent", &[], true),
            ],
            None,
        );
        let pair = |name: &str, model: &str| Ok((name.to_owned(), model.to_owned()));
        assert_eq!(resolved(&catalogue, "closed/a"), pair("closed/a", "a"));
        assert_eq!(resolved(&catalogue, "a"), pair("closed/a", "a"));
        assert_eq!(resolved(&catalogue, "meta/c"), pair("open/meta/c", "meta/c"));
        assert_eq!(resolved(&catalogue, "open/unlisted:7b"), pair("open/unlisted:7b", "unlisted:7b"));
        assert_eq!(resolved(&catalogue, "silent/any/thing"), pair("silent/any/thing", "any/thing"));
        assert_eq!(resolved(&catalogue, "recall"), pair("builtin/recall", "recall"));
        assert_eq!(resolved(&catalogue, "closed/c"), Err(ResolveError::Unknown));
        assert_eq!(resolved(&catalogue, "builtin/other"), Err(ResolveError::Unknown));
        assert_eq!(resolved(&catalogue, "nowhere"), Err(ResolveError::Unknown));
        assert_eq!(resolved(&catalogue, "open/"), Err(ResolveError::Unknown));
        assert_eq!(
            resolved(&catalogue, "b"),
            Err(ResolveError::Ambiguous { candidates: vec![name("closed/b"), name("open/b")] })
        );
    }

    #[test]
    fn the_default_is_the_operators_choice_else_the_first_connected_else_recall() {
        let default = |sources, chosen| catalogue(sources, chosen).default_model();
        assert_eq!(default(vec![], None).name.as_str(), ModelName::RECALL);
        assert!(!default(vec![], None).is_language_model);
        let two = || vec![source("down", &[], true), source("up", &["b", "c"], true)];
        assert_eq!(default(two(), None).name.as_str(), "up/b");
        assert_eq!(default(two(), Some("c")).name.as_str(), "up/c");
        assert_eq!(default(two(), Some("down/x")).name.as_str(), "down/x");
        assert_eq!(default(two(), Some("gone/x")).name.as_str(), "up/b");
    }

    #[test]
    fn the_list_has_connected_models_first_and_names_the_default() {
        let list = |chosen| -> Vec<(String, bool)> {
            let catalogue = catalogue(vec![source("up", &["b", "not a name", "b"], true)], chosen);
            catalogue.list().into_iter().map(|model| (model.name.to_string(), model.is_default)).collect()
        };
        let entry = |name: &str, is_default| (name.to_owned(), is_default);
        assert_eq!(list(None), [entry("up/b", true), entry("builtin/recall", false)]);
        assert_eq!(
            list(Some("up/unlisted")),
            [entry("up/unlisted", true), entry("up/b", false), entry("builtin/recall", false)]
        );
    }
}
