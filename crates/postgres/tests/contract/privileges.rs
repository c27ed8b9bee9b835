//! A role that may do less than the work needs.

use postgres::{OpenError, Postgres, Settings, inspect};

use crate::fresh_settings;

#[tokio::test]
async fn a_role_that_may_only_read_is_refused_with_what_to_grant() {
    let (database, settings) = fresh_settings().await;
    let role = format!("reader_{}", database.name());
    let grants = [
        format!("CREATE ROLE \"{role}\" LOGIN PASSWORD 'tests-only'"),
        format!("GRANT USAGE ON SCHEMA public TO \"{role}\""),
        format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"{role}\""),
    ];
    let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
    database.execute(&grants).expect("the administrator may");
    let (scheme, rest) = settings.url.split_once("://").expect("it is an address");
    let (_, place) = rest.rsplit_once('@').expect("it names a user");
    let url = format!("{scheme}://{role}:tests-only@{place}");
    let reader = Settings { url: url.clone(), ..settings.clone() };
    for error in [
        Postgres::open(&reader).await.err().expect("it cannot be written"),
        inspect(&reader).await.expect_err("it cannot be written"),
    ] {
        let said = error.to_string();
        assert!(matches!(error, OpenError::Settings(_)), "{error:?}");
        assert!(said.starts_with("database.url names the user"), "{said}");
        assert!(
            said.contains("lacks the privilege INSERT") && said.contains("GRANT SELECT, INSERT, UPDATE"),
            "{said}"
        );
        assert!(!said.contains("tests-only"), "{said}");
    }
    // Who only reads is enough for lists.
    let lists = Settings { read_url: Some(url), ..settings.clone() };
    Postgres::open(&lists).await.expect("reading is allowed").shutdown().await;
    inspect(&settings).await.expect("the owner may do everything");
    let _ = database.execute(&[&format!("DROP OWNED BY \"{role}\""), &format!("DROP ROLE \"{role}\"")]);
}
