//! Variables and secrets.

use forebay::config::Style;

use crate::components::{GOOD, load_files, load_text, registry, short};

const BROKERS: &str = "brokers = [\"a:1\"]";

#[test]
fn variables_are_replaced_and_take_the_type_that_is_wanted() {
    let text = GOOD.replacen(
        BROKERS,
        "brokers = [\"${HOST}\"]\nmax_records = \"${COUNT}\"\ntimeout = \"${NONE:-3}s\"\n\
         tls = { ca = \"x\", verify = \"${YES}\" }\nmax_rate = \"${COUNT}.5\"",
        1,
    );
    let loaded = load_text(&text);
    assert_eq!(short(&loaded.findings), Vec::<String>::new());
    let source = &loaded.config.unwrap().pipelines[0].sources[0];
    assert_eq!(source.keys.limits.max_rate, Some(12.5));
}

#[test]
fn a_variable_that_is_missing_is_found_at_its_place() {
    let text = GOOD.replacen(BROKERS, "brokers = [\"a:${PORT}\", \"${A:?ask}\"]", 1);
    let all = short(&load_text(&text).findings);
    assert_eq!(
        all,
        [
            "4:15 variable the environment variable `PORT` is not set",
            "4:26 variable the environment variable `A` is not set: ask",
        ]
    );
}

#[test]
fn a_variable_of_the_wrong_kind_is_found_without_being_shown() {
    let text = GOOD.replacen(BROKERS, &format!("{BROKERS}\nmax_records = \"${{HOST}}\""), 1);
    let all = short(&load_text(&text).findings);
    assert_eq!(all, ["5:15 type expected whole number, but that is not what the variable holds"]);
}

#[test]
fn what_stands_in_a_variable_cannot_change_the_file() {
    let text = GOOD.replacen("from = [\"in\"]", "from = [\"${TRICK}\"]", 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    std::fs::write(&path, text).unwrap();
    let trick = |_: &str| Some("in\"]\nto = [\"other".to_owned());
    let loaded = forebay::config::load(&[path], &registry(), &trick);
    let codes: Vec<_> = loaded.findings.list().iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["unused", "reference"]);
}

#[test]
fn a_secret_is_read_from_a_file_beside_the_configuration() {
    let text = GOOD.replacen(BROKERS, &format!("{BROKERS}\npassword = {{ file = \"pw\" }}"), 1);
    let loaded = load_files(&[("forebay.toml", &text), ("pw", "hunter2\n")]);
    assert_eq!(short(&loaded.findings), Vec::<String>::new());
    assert!(!format!("{:?}", loaded.config.unwrap()).contains("hunter2"));

    let all = short(&load_text(&text).findings);
    assert_eq!(all.len(), 1);
    assert!(all[0].starts_with("5:21 secret the secret in `pw` cannot be read"), "{}", all[0]);
}

#[test]
fn a_secret_is_not_shown_even_if_its_line_is() {
    for line in [
        "password = \"hunter2\"; x",
        "pasword = 1 # no, but:\npassword = 7\nmy_password = \"hunter2\"",
        "tls = { ca = 1, ca_password = \"hunter2\" }",
    ] {
        let text = GOOD.replacen(BROKERS, &format!("{BROKERS}\n{line}"), 1);
        let findings = load_text(&text).findings;
        assert!(findings.errors() > 0, "{line}");
        let shown = findings.render(Style::Plain) + &findings.json_lines();
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
