use std::collections::BTreeSet;
use std::path::Path;

use super::*;

/// Compares a document with its golden file; `UPDATE_GOLDEN=1` writes the file instead.
fn compare(name: &str, document: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, document).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == document,
        "{name} is not what the code says any more. If the change is wanted, run the test with UPDATE_GOLDEN=1 and \
         look at the difference."
    );
}

#[test]
fn the_documents_are_those_in_the_repository() {
    compare("openapi.json", &crate::openapi());
    compare("asyncapi.json", &crate::asyncapi());
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    for mut document in [document(&crate::routes::table()), crate::asyncapi::document()] {
        let whole = document.clone();
        let mut referenced = BTreeSet::new();
        names::each_reference(&mut document, &mut |reference| {
            let target = whole.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some(), "{reference} leads nowhere");
            referenced.insert(reference.clone());
        });
        for name in whole["components"]["schemas"].as_object().into_iter().flatten().map(|(name, _)| name) {
            assert!(referenced.contains(&format!("#/components/schemas/{name}")), "{name} is not used");
        }
    }
}

#[test]
fn operations_have_unique_names_answers_and_schemas() {
    let table = crate::routes::table();
    let names: BTreeSet<&str> = table.iter().map(|route| route.operation).collect();
    assert_eq!(names.len(), table.len());
    for route in &table {
        assert!(!route.answers.is_empty(), "{}", route.operation);
        assert_eq!(route.sparse.is_some(), !route.fields.is_empty(), "{}", route.operation);
        let declares_fields = route.query.iter().any(|parameter| parameter.name == "fields");
        assert_eq!(declares_fields, route.sparse.is_some(), "{}", route.operation);
    }
}

#[test]
fn every_command_of_the_bus_has_a_route() {
    let table = crate::routes::table();
    for entry in application::bus::Registry::new().iter() {
        let route = table.iter().find(|route| route.operation == entry.name);
        assert!(
            route.is_some_and(|route| matches!(route.body, crate::route::Body::Command)),
            "{}",
            entry.name
        );
    }
}

#[test]
fn what_stands_in_the_path_or_in_if_match_does_not_stand_in_the_body() {
    let document = document(&crate::routes::table());
    let properties = &document["components"]["schemas"]["UpdateConversation"]["properties"];
    assert!(properties.get("title").is_some());
    assert!(properties.get("conversation_id").is_none() && properties.get("expected_version").is_none());
}
