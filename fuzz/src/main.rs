//! Feeds a target with seeded mutations, on any compiler.
//!
//! `forebay-fuzz list`, `forebay-fuzz seeds TARGET FOLDER`, or
//! `forebay-fuzz TARGET [INPUTS [NUMBER]]`: that many inputs, from a random number or this one. What
//! a panic was found with is written to a file.

#![expect(clippy::print_stdout, reason = "it talks to whoever runs it")]
#![expect(clippy::print_stderr, reason = "it talks to whoever runs it")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use forebay_fuzz::{Mutation, TARGETS, Target};

/// Inputs without a word of its own.
const INPUTS: u64 = 1_000_000;

/// An input that takes longer is one that a sender could stop a gateway with.
const SLOW: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["list"] => {
            TARGETS.iter().for_each(|target| println!("{}", target.name));
            Ok(())
        }
        ["seeds", name, folder] => known(name).and_then(|target| write_seeds(target, folder)),
        [name, rest @ ..] => known(name).and_then(|target| feed(target, rest)),
        [] => Err("which target? `list` names them".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn known(name: &str) -> Result<&'static Target, String> {
    Target::named(name).ok_or_else(|| format!("there is no target `{name}`; `list` names them"))
}

fn write_seeds(target: &Target, folder: &str) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{folder}: {error}");
    std::fs::create_dir_all(folder).map_err(told)?;
    for (index, seed) in (target.seeds)().iter().enumerate() {
        std::fs::write(format!("{folder}/seed-{index}"), seed).map_err(told)?;
    }
    Ok(())
}

fn feed(target: &Target, words: &[&str]) -> Result<(), String> {
    let number = |index: usize, default: u64| match words.get(index) {
        Some(word) => word.parse::<u64>().map_err(|_| format!("`{word}` is no number")),
        None => Ok(default),
    };
    let inputs = number(0, INPUTS)?;
    let from = number(1, fastrand::u64(..))?;
    println!("{}: {inputs} inputs from {from}", target.name);
    forebay_fuzz::expect_panics();
    let mut mutation = Mutation::new((target.seeds)(), from);
    let started = Instant::now();
    for index in 0..inputs {
        let input = mutation.next_input();
        let begun = Instant::now();
        let done = target.try_run(&input);
        let slow = begun.elapsed() > SLOW;
        if done.is_err() || slow {
            let path = format!("{}-{from}-{index}.input", target.name);
            let kept = std::fs::write(&path, &input).map_or_else(|it| it.to_string(), |()| path);
            let what = done.err().unwrap_or_else(|| format!("it took {:?}", begun.elapsed()));
            return Err(format!("input {index}, kept as {kept}: {what}"));
        }
    }
    println!("nothing found in {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}
