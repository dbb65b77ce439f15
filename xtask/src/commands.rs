//! The habits, and the steps that each takes.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;

use crate::journey::{self, Step};
use crate::program::Program;
use crate::tally::Tally;
use crate::{configs, floors, lockfile, place, proofs};

const HELP: &str = "\
cargo xtask HABIT

  check        format, clippy, docs, reference, lock file, floors, failure tables,
               every file in configs/
  test [ARGS]  builds everything once, then runs all tests; ARGS go to `cargo test`
  ci           check, then test: what a change has to pass
  docs         writes the generated reference pages in docs/ anew
  bench NAME   a benchmark beside its bare reference; `bench list` names them
  servers [up [NAME...]]  fetches the servers that tests run against, before the tests do; `up`
               starts some to try things on, until Ctrl-C: of kafka, cassandra and kinesis, or
               the first two
  fuzz TARGET [INPUTS]  feeds a parser with seeded mutations; `fuzz list` names them
  screenshots  pictures of the dashboard in docs/images (needs chromium and chromium-driver)
  deny         licences, bans and sources of all dependencies (needs cargo-deny)
  quickstart   builds for speed and runs configs/quickstart.toml";

/// Runs a habit by its name.
pub(crate) fn run(habit: &str, arguments: &[String]) -> ExitCode {
    match habit {
        "check" => journey::run(habit, check_steps()),
        "test" => counted(habit, vec![build_step(), servers_step()], arguments),
        "ci" => counted(habit, ci_steps(), arguments),
        "docs" => journey::run(habit, docs_steps()),
        "bench" => journey::run(habit, bench_steps(arguments)),
        "servers" => journey::run(habit, servers_steps(arguments)),
        "fuzz" => journey::run(habit, fuzz_steps(arguments)),
        "screenshots" => journey::run(habit, screenshot_steps()),
        "deny" => journey::run(habit, vec![Step::new("cargo deny", deny)]),
        "quickstart" => journey::run(habit, quickstart_steps()),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        other => {
            eprintln!("there is no habit `{other}`\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

/// Steps, then all tests; the last line of the output counts them.
fn counted(habit: &str, mut steps: Vec<Step>, arguments: &[String]) -> ExitCode {
    let tally = Rc::new(Cell::new(None));
    let (counter, arguments) = (Rc::clone(&tally), arguments.to_vec());
    steps.push(Step::new("tests", move || test(&arguments, &counter)));
    let code = journey::run(habit, steps);
    if let Some(tally) = tally.get() {
        println!("{}", tally.line());
    }
    code
}

/// The cheapest first. What `clippy` makes of the dependencies serves the docs too; what the
/// build makes of them serves the tests: nothing is compiled a third time.
fn check_steps() -> Vec<Step> {
    vec![
        Step::new("format", || Program::cargo(["fmt", "--all", "--check"]).run()),
        Step::new("lock file", lockfile::check),
        Step::new("floors", floors::check),
        Step::new("failure tables", proofs::check),
        Step::new("clippy", || {
            let lints = ["clippy", "--workspace", "--all-targets", "--keep-going"];
            Program::cargo(lints.iter().chain(&["--", "-D", "warnings"])).run()
        }),
        // The workspace as a whole has features that the program by itself does not have.
        Step::new("clippy, default", || {
            Program::cargo(["clippy", "-p", "forebay", "--", "-D", "warnings"]).run()
        }),
        Step::new("docs", || {
            Program::cargo(["doc", "--workspace", "--no-deps", "--keep-going"])
                .env("RUSTDOCFLAGS", "-D warnings")
                .run()
        }),
        build_step(),
        Step::new("reference", || {
            Program::new("forebay", place::debug_binary()?, ["docs", "--check"]).run()
        }),
        Step::new("configs", || configs::check(&place::debug_binary()?)),
    ]
}

/// Everything at once, so that the features of all members are settled once: the binary that
/// the crash tests run is the one that stands here afterwards.
fn build_step() -> Step {
    Step::new("build", || Program::cargo(["build", "--workspace", "--all-targets"]).run())
}

/// Real servers: a download of 250 MiB the first time, some seconds after that.
fn servers_step() -> Step {
    Step::new("servers", || test_servers(&[])?.run())
}

fn servers_steps(arguments: &[String]) -> Vec<Step> {
    let mut steps = vec![build_step(), servers_step()];
    if !arguments.is_empty() {
        let arguments = arguments.to_vec();
        steps.push(Step::new("servers", move || test_servers(&arguments)?.become_it()));
    }
    steps
}

fn test_servers(arguments: &[String]) -> Result<Program, String> {
    let program = place::profile_folder()?.join("forebay-test-servers");
    Ok(Program::new("forebay-test-servers", program, arguments))
}

fn ci_steps() -> Vec<Step> {
    let mut steps = check_steps();
    steps.push(servers_step());
    steps
}

fn test(arguments: &[String], counter: &Cell<Option<Tally>>) -> Result<(), String> {
    let mut all = vec!["test", "--workspace", "--no-fail-fast"];
    all.extend(arguments.iter().map(String::as_str));
    let runner = Program::cargo(all).env("FOREBAY_BIN", place::debug_binary()?);
    let mut tally = Tally::default();
    let well = runner.watch(|line| {
        println!("{line}");
        tally.see(line);
    })?;
    tally.end(well);
    counter.set(Some(tally));
    match tally.failed {
        0 => Ok(()),
        _ => Err("not all tests passed; those that failed are named above".to_owned()),
    }
}

fn docs_steps() -> Vec<Step> {
    vec![
        build_step(),
        Step::new("reference", || Program::new("forebay", place::debug_binary()?, ["docs"]).run()),
    ]
}

fn bench_steps(arguments: &[String]) -> Vec<Step> {
    let arguments = arguments.to_vec();
    vec![
        Step::new("build the gateway for speed", release_build),
        Step::new("benchmark", move || {
            let mut all = vec!["run", "--release", "--package", "forebay-bench", "--"];
            all.extend(arguments.iter().map(String::as_str));
            Program::cargo(all).env("FOREBAY_BIN", place::release_binary()?).run()
        }),
    ]
}

fn fuzz_steps(arguments: &[String]) -> Vec<Step> {
    let arguments = arguments.to_vec();
    vec![Step::new("fuzz", move || {
        // Sums that overflow are found only where they are checked.
        let checked = "profile.release.overflow-checks=true";
        let mut all = vec!["run", "--release", "--config", checked, "-p", "forebay-fuzz", "--"];
        all.extend(arguments.iter().map(String::as_str));
        Program::cargo(all).run()
    })]
}

/// Pictures of the dashboard, from its browser test.
fn screenshot_steps() -> Vec<Step> {
    vec![
        build_step(),
        Step::new("pictures", || {
            let folder = place::root().join("docs/images");
            let scenarios = [
                "the_page_has_the_colour_and_the_words_of_what_happens",
                "ten_thousand_splits_stay_usable",
            ];
            let all = ["test", "--workspace", "--test", "dashboard", "--"];
            let all = all.into_iter().chain(scenarios);
            Program::cargo(all)
                .env("FOREBAY_BIN", place::debug_binary()?)
                .env("FOREBAY_SCREENSHOTS", folder)
                .run()
        }),
    ]
}

fn quickstart_steps() -> Vec<Step> {
    vec![
        Step::new("build for speed", release_build),
        Step::new("run until Ctrl-C", || {
            Program::new("forebay", place::release_binary()?, ["run", "configs/quickstart.toml"])
                .become_it()
        }),
    ]
}

fn release_build() -> Result<(), String> {
    Program::cargo(["build", "--release", "--package", "forebay"]).run()
}

fn deny() -> Result<(), String> {
    let known = Program::cargo(["deny", "--version"]).run();
    known.map_err(|_| {
        "cargo-deny is not there; `cargo install cargo-deny --locked` brings it".to_owned()
    })?;
    Program::cargo(["deny", "check", "licenses", "bans", "sources"]).run()
}
