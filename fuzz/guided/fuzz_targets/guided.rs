//! Any of the targets, guided by coverage; `FOREBAY_FUZZ` names it.
#![no_main]

use std::alloc::System;
use std::sync::OnceLock;

use cap::Cap;
use forebay_fuzz::Target;
use libfuzzer_sys::fuzz_target;

/// More than any input may make a parser take, in bytes. Who asks for more is stopped, which the
/// fuzzer counts as a crash.
const MEMORY: usize = 1 << 30;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, MEMORY);

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("FOREBAY_FUZZ").expect("FOREBAY_FUZZ names the target");
        forebay_fuzz::expect_panics();
        Target::named(&name).expect("FOREBAY_FUZZ names a target")
    });
    if let Err(message) = target.try_run(data) {
        eprintln!("{message}");
        std::process::abort();
    }
});
