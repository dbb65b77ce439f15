//! Files that grow, as far as they have grown, to files.

use anyhow::Result;

use super::files_to_files::Way;
use crate::input;
use crate::measurement::HEAD;
use crate::options::Options;

pub(crate) fn run(options: &Options) -> Result<()> {
    println!("{HEAD}");
    for files in [1, 8] {
        let way = Way {
            name: "text-text",
            source: |folder| format!("type = \"tail\"\npaths = [\"{folder}/*.txt\"]"),
            decoding: "format = \"text\"".to_owned(),
            format: "text",
            record: input::line,
            files,
        };
        way.run("tail, 256-byte lines", options)?;
    }
    Ok(())
}
