//! Options, without a program.

use forebay_core::component::Component;
use forebay_exec_source::{Exec, ExecConfig};

#[test]
fn every_mistake_is_named() {
    let cases: [(&str, &[&str]); 10] = [
        ("command = []", &["command"]),
        ("command = [\"\"]", &["command"]),
        ("command = [\"a\", \"\\u0000\"]", &["command"]),
        ("command = [\"a\"]\nenvironment = { \"a=b\" = \"c\" }", &["environment.a=b"]),
        (
            "command = [\"a\"]\nmax_frame = \"0B\"\nstop_timeout = \"2h\"",
            &["max_frame", "stop_timeout"],
        ),
        ("command = [\"a\"]\nformat = \"json\"", &["schema"]),
        ("command = [\"a\"]\nacknowledge = true", &[]),
        ("command = [\"a\"]\nframing = \"arrow\"", &["schema"]),
        (
            "command = [\"a\"]\nframing = \"arrow\"\nformat = \"json\"\nschema = { id = \"int\" }",
            &["framing"],
        ),
        ("command = [\"a\"]\nframing = \"arrow\"\nschema = { id = \"int\" }", &[]),
    ];
    for (options, expected) in cases {
        let config: ExecConfig = toml::from_str(options).unwrap();
        let mut found: Vec<_> =
            Exec::check(&config).into_iter().map(|problem| problem.path.join(".")).collect();
        found.sort();
        assert_eq!(found, expected, "{options}");
    }
}
