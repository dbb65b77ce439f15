//! The named places at which the gateway can be made to end itself; see `docs/design.md`.

/// The variable that makes the gateway end itself at a point: `NAME` or `NAME:COUNT`, where
/// `COUNT` is the how manieth time the point is reached.
pub const VARIABLE: &str = "FOREBAY_CRASH_AT";

/// Every point on the path of a batch, in order.
pub const BATCH: &[&str] = &[
    "after-read",
    "after-plan",
    "after-decode",
    "before-write",
    "after-write",
    "before-commit",
    "after-commit",
    "after-publish",
    "before-tell",
    "after-tell",
];

/// Points inside the checkpoint.
pub const CHECKPOINT: &[&str] = &["mid-append", "mid-compaction"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_design_page_describes_every_point() {
        let page =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/design.md"))
                .unwrap();
        for point in BATCH.iter().chain(CHECKPOINT) {
            assert!(page.contains(&format!("| `{point}` |")), "{point} has no row");
        }
    }
}
