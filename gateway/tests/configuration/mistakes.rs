//! Each kind of mistake is found, at its place, and with what to do about it.

use crate::components::{GOOD, load_text, short};

/// Spoils the good configuration and expects one finding.
#[track_caller]
fn one(from: &str, to: &str, at: &str, code: &str, message: &str, help: &str) {
    assert!(GOOD.contains(from), "nothing to spoil: {from}");
    let findings = load_text(&GOOD.replacen(from, to, 1)).findings;
    let all = short(&findings);
    assert_eq!(all.len(), 1, "{all:#?}");
    let finding = &findings.list()[0];
    assert!(all[0].starts_with(&format!("{at} {code} ")), "{}", all[0]);
    assert!(finding.message.contains(message), "{}", finding.message);
    let given = finding.help.clone().unwrap_or_default();
    assert!(given.contains(help), "{given}");
}

#[test]
fn the_good_one_is_good() {
    let loaded = load_text(GOOD);
    assert_eq!(short(&loaded.findings), Vec::<String>::new());
    let config = loaded.config.unwrap();
    assert_eq!(config.pipelines.len(), 1);
    assert_eq!(&*config.pipelines[0].sources[0].name, "in");
    assert_eq!(config.pipelines[0].settings.max_in_flight, 2);
}

#[test]
fn unknown_keys() {
    let b = "brokers = [\"a:1\"]";
    let with = |more: &str| format!("{b}\n{more}");
    one(
        b,
        &with("max_recods = 1"),
        "5:1",
        "unknown-key",
        "`max_recods`",
        "did you mean `max_records`?",
    );
    one(
        b,
        &with("startingOffsets = 1"),
        "5:1",
        "unknown-key",
        "`startingOffsets`",
        "called `start`",
    );
    one(b, &with("subscribe = 1"), "5:1", "unknown-key", "`subscribe`", "known keys: `brokers`");
    one(b, &with("max_rate_per_partitio = 1"), "5:1", "unknown-key", "", "max_rate_per_partition");
    one(b, &with("delimiter = \";\""), "5:1", "unknown-key", "only with `format = \"csv\"`", "");
    one(b, &with("journal = {}"), "5:1", "unknown-key", "`journal`", "known keys");
    one(
        "[pipelines.p]",
        "[pipelines.p]\nbackpressure = { derived = 0.0 }",
        "12:18",
        "unknown-key",
        "`derived`",
        "`derivative`",
    );
    one(
        "[sinks.out]",
        "[sink.out2]\n[sinks.out]",
        "7:2",
        "unknown-key",
        "section `sink`",
        "`sinks`",
    );
    one(
        "type = \"folder\"",
        "type = \"folder\"\nroll = { sise = \"1MiB\" }",
        "9:10",
        "unknown-key",
        "`sise`",
        "`size`",
    );
}

#[test]
fn a_dotted_name_of_another_tool_is_recognized_as_a_whole() {
    let text = GOOD.replacen("brokers = [\"a:1\"]", "bootstrap.servers = \"a:1\"", 1);
    let all = short(&load_text(&text).findings);
    assert_eq!(all, ["4:1 unknown-key unknown key `bootstrap.servers`"]);
}

#[test]
fn wrong_types() {
    let b = "brokers = [\"a:1\"]";
    let with = |more: &str| format!("{b}\n{more}");
    one(b, "brokers = \"a:1\"", "4:11", "type", "expected list of text, found a text", "brackets");
    one(
        b,
        "brokers = [\"a:1\", 2]",
        "4:19",
        "type",
        "expected text, found a whole number",
        "quotes",
    );
    one(b, &with("max_records = \"7\""), "5:15", "type", "found a text", "leave out the quotes");
    one(b, &with("max_records = 1.5"), "5:15", "type", "expected whole number", "");
    one(b, &with("timeout = 500"), "5:11", "type", "expected duration", "\"500ms\"");
    one(b, &with("tls = true"), "5:7", "type", "expected table, found true or false", "");
    one(b, &with("timeout = 2026-01-01"), "5:11", "type", "a date or time", "");
    one(b, &with("properties = { a = 1 }"), "5:20", "type", "expected text", "quotes");
    one(b, &with("password = 12345"), "5:12", "type", "a secret", "");
    one(
        "type = \"folder\"",
        "type = \"folder\"\nmode = 1",
        "9:8",
        "type",
        "expected \"open\" or { group = table }",
        "",
    );
}

#[test]
fn wrong_values() {
    let b = "brokers = [\"a:1\"]";
    let with = |more: &str| format!("{b}\n{more}");
    one(
        b,
        &with("start = \"earlyest\""),
        "5:9",
        "word",
        "none of `earliest`, `latest`",
        "`earliest`",
    );
    one(b, &with("timeout = \"10 parsecs\""), "5:11", "format", "no duration", "");
    one(b, &with("fetch = \"1 mib\""), "5:9", "format", "size", "");
    one(b, &with("max_records = 1001"), "5:15", "range", "at most 1000", "");
    one(b, &with("max_records = 0"), "5:15", "range", "at least 1", "");
    one(b, &with("max_records = 9223372036854775808000"), "5:15", "number", "64 bits", "");
    one(b, &with("max_rate = nan"), "5:12", "number", "finite", "");
    one(b, &with("max_rate = 0"), "5:12", "value", "out of range", "leave it out");
    one(b, "brokers = []", "4:11", "range", "at least 1 in the list", "");
    one(b, "brokers = [\"a:1\", \"b\"]", "4:19", "value", "no port", "write host:port");
    one(
        b,
        &with("min_rate_per_split = 5\nmax_rate_per_split = 1"),
        "5:22",
        "value",
        "above `max_rate_per_split`",
        "",
    );
    one(
        "format = \"bytes\"",
        "format = \"byte\"",
        "5:10",
        "word",
        "none of `bytes`, `csv`",
        "`bytes`",
    );
    one(
        "type = \"folder\"",
        "type = \"folder\"\nmode = \"group\"",
        "9:8",
        "type",
        "takes options",
        "{ group = ... }",
    );
    one(
        "type = \"folder\"",
        "type = \"folder\"\nretry = { jitter = 2.0 }",
        "9:20",
        "value",
        "from 0 to 1",
        "",
    );
    one("[pipelines.p]", "[pipelines.p]\nmax_in_flight = 65", "12:17", "range", "at most 64", "");
    one(
        "[pipelines.p]",
        "[pipelines.p]\nbackpressure = { headroom = 0.0 }",
        "12:29",
        "value",
        "out of range",
        "above 0",
    );
}

#[test]
fn what_only_the_type_itself_can_tell_is_found_at_its_key() {
    let b = "brokers = [\"a:1\"]";
    let with = |more: &str| format!("{b}\n{more}");
    one(
        b,
        &with("schema = { id = \"int\", b = \"in\" }"),
        "5:28",
        "value",
        "\"in\" is no type",
        "",
    );
    one(b, &with("schema = { id = 1 }"), "5:17", "type", "expected text or list of", "");
}

#[test]
fn the_order_of_keys_is_kept() {
    let b = "brokers = [\"a:1\"]";
    let with = |more: &str| format!("{b}\n{more}");
    let good = GOOD.replacen(b, &with("schema = { id = \"int\", a = \"int\" }"), 1);
    assert_eq!(short(&load_text(&good).findings), Vec::<String>::new());
    one(
        b,
        &with("schema = { z = \"int\", id = \"int\", a = \"int\" }"),
        "5:1",
        "value",
        "[\"z\", \"id\", \"a\"]",
        "",
    );
}

#[test]
fn missing_keys_and_types() {
    one(
        "brokers = [\"a:1\"]\n",
        "",
        "2:10",
        "missing-key",
        "`sources.in` needs the key `brokers`",
        "",
    );
    one("format = \"bytes\"", "format = \"csv\"", "2:10", "missing-key", "`columns`", "");
    one("format = \"bytes\"\n", "", "2:10", "missing-key", "`format`", "");
    one(
        "format",
        "tls = {}\nformat",
        "5:1",
        "missing-key",
        "`sources.in.tls` needs the key `ca`",
        "",
    );
    one("type = \"folder\"\n", "", "7:8", "missing-key", "`type`", "known types: `folder`");
    one("to = [\"out\"]", "dead_letters = \"out\"", "11:12", "missing-key", "`to`", "");
    one(
        "\"queue\"",
        "\"queu\"",
        "3:8",
        "unknown-type",
        "source type `queu`",
        "did you mean `queue`?",
    );
    one(
        "\"folder\"",
        "\"cassandra\"",
        "8:8",
        "left-out",
        "not compiled in",
        "--features cassandra-sink",
    );
    one("\"queue\"", "7", "3:8", "type", "expected text", "known types");
}

#[test]
fn references() {
    one(
        "from = [\"in\"]",
        "from = [\"in\", \"inn\"]",
        "12:15",
        "reference",
        "no source `inn`",
        "`in`",
    );
    one(
        "to = [\"out\"]",
        "to = [\"out\", \"x\"]",
        "13:14",
        "reference",
        "no sink `x`",
        "known sinks: `out`",
    );
    one("to = [\"out\"]", "to = [\"out\", \"out\"]", "13:14", "duplicate", "twice", "");
    one(
        "to = [\"out\"]",
        "to = [\"out\"]\ndead_letters = \"oot\"",
        "14:16",
        "reference",
        "`oot`",
        "`out`",
    );
    one(
        "to = [\"out\"]",
        "to = [\"out\"]\ndead_letters = \"out\"",
        "14:16",
        "dead-letter-cycle",
        "refused itself",
        "another sink",
    );
    one(
        "[sources.in]",
        "[sinks.more]\ntype = \"folder\"\npath = \"m\"\n[sources.in]",
        "2:8",
        "unused",
        "no pipeline uses",
        "",
    );
    one("[pipelines.p]", "[pipelines.\"../p\"]", "11:12", "name", "cannot be a name", "letters");
}

#[test]
fn receivers_have_one_reader() {
    let text = r#"
[sources.in]
type = "listener"
listen = "tcp://127.0.0.1:9000"
[sinks.a]
type = "folder"
path = "a"
[sinks.b]
type = "folder"
path = "b"
[pipelines.p]
from = ["in"]
to = ["a"]
[pipelines.q]
from = ["in"]
to = ["b"]
"#;
    let all = short(&load_text(text).findings);
    assert_eq!(all, ["15:9 shared-receiver the receiver `in` is already read by pipeline `p`"]);
}

#[test]
fn the_journal_of_a_receiver_is_checked() {
    let receiver = "[sources.in]\ntype = \"listener\"\nlisten = \"tcp://127.0.0.1:0\"\n";
    let (_, rest) = GOOD.split_once("format = \"bytes\"\n").unwrap();
    let text = format!("{receiver}journal = {{ max_bytes = \"1KiB\" }}\n{rest}");
    let all = short(&load_text(&text).findings);
    assert_eq!(all, ["4:25 value must be at least 1MiB"]);
}

#[test]
fn ports_and_paths_are_claimed_once() {
    let text = r#"
[gateway]
listen = "0.0.0.0:9000"
[sources.in]
type = "listener"
listen = "tcp://127.0.0.1:9000"
[sinks.a]
type = "folder"
path = "out"
[sinks.b]
type = "folder"
path = "./x/../out"
[pipelines.p]
from = ["in"]
to = ["a", "b"]
"#;
    let all = short(&load_text(text).findings);
    assert_eq!(
        all,
        [
            "3:10 open-admin the admin address can be reached from other machines, and asks for no password",
            "4:10 claim `gateway.listen` and `sources.in` both need the address `tcp://127.0.0.1:9000` for themselves",
            "10:8 claim `sinks.a` and `sinks.b` both need the path `./x/../out` for themselves",
        ]
    );
}

#[test]
fn gateway_settings() {
    let with = |line: &str| format!("[gateway]\n{line}\n{GOOD}");
    for (line, expected) in [
        ("checkpoints = \"s3://b/p\"", "2:15 value checkpoints cannot be kept in `s3://`"),
        ("listen = \"8030\"", "2:10 value `8030` is no address"),
        ("memory = \"1KiB\"", "2:10 value 1KiB is too little: it must be at least 1MiB"),
        ("threads = 0", "2:11 range 0 is out of range: it must be at least 1"),
        (
            "log = { level = \"loud\" }",
            "2:17 word `loud` is none of `error`, `warn`, `info`, `debug`, `trace`",
        ),
    ] {
        assert_eq!(short(&load_text(&with(line)).findings), [expected], "{line}");
    }
}

#[test]
fn syntax_errors_do_not_hide_the_rest() {
    let text = GOOD.replacen("brokers", "brokers = = 1\nmax_recods = 1\nbrokers", 1);
    let all = short(&load_text(&text).findings);
    assert!(
        all.iter().any(|finding| finding.starts_with("4:") && finding.contains(" syntax ")),
        "{all:#?}"
    );
    assert!(all.iter().any(|finding| finding.starts_with("5:1 unknown-key")), "{all:#?}");
}

#[test]
fn nothing_to_run_is_said() {
    let all = short(&load_text("").findings);
    assert_eq!(all, ["- nothing there is no pipeline, so there is nothing to run"]);
}
