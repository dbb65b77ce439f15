//! Looking whether a program could be started. Nothing is started.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use forebay_core::probe::{Halted, Obstacle, Probed};
use rustix::fs::{Access, access};

use super::Program;

/// As much of a file as may name what runs it.
const LONGEST_LINE: u64 = 256;

impl Program {
    /// Looks whether the folder is there (step `folder`), and the program is found and may be run
    /// (step `program`). Its paths have to be [resolved](Self::resolved).
    ///
    /// # Errors
    /// One of them is not so.
    pub fn probe(&self, probed: &mut Probed) -> Result<(), Halted> {
        let folder = self.directory.as_deref().unwrap_or(Path::new("."));
        let there = match fs::metadata(folder) {
            Ok(there) if there.is_dir() => Ok(folder.display().to_string()),
            Ok(_) => Err(format!("`{}` is no folder", folder.display())),
            Err(error) => Err(format!("`{}`: {error}", folder.display())),
        };
        let help = "make the folder, or mend `directory`";
        probed.step("folder", there.map_err(|why| Obstacle::new(why, help)))?;
        probed.step("program", self.find(folder))
    }

    fn find(&self, folder: &Path) -> Result<String, Obstacle> {
        let name = self.name();
        let is_path = name.contains('/');
        let candidates: Vec<PathBuf> = match is_path {
            true => vec![folder.join(name)],
            false => {
                let path = self.environment.get("PATH").map(OsString::from);
                let path = path.or_else(|| env::var_os("PATH")).unwrap_or_default();
                env::split_paths(&path).map(|place| folder.join(place).join(name)).collect()
            }
        };
        let there: Vec<&PathBuf> = candidates.iter().filter(|it| it.is_file()).collect();
        let Some(found) = there.iter().find(|it| access(**it, Access::EXEC_OK).is_ok()) else {
            return Err(match there.first() {
                Some(file) => Obstacle::new(
                    format!("`{}` may not be executed", file.display()),
                    format!("chmod +x {}", file.display()),
                ),
                None if is_path => Obstacle::new(
                    format!("there is no file `{}`", folder.join(name).display()),
                    "mend the path in `command`; it begins at the folder of the configuration file",
                ),
                None => Obstacle::new(
                    format!("no folder of PATH has a program `{name}`"),
                    "install it, or write its whole path in `command`",
                ),
            });
        };
        match interpreter(found) {
            Some(missing) if !folder.join(&missing).is_file() => {
                let what = format!("`{}` is run by `{missing}`, which is missing", found.display());
                Err(Obstacle::new(what, "install that, or mend the first line of the script"))
            }
            _ => Ok(format!("{} is there and may be executed", found.display())),
        }
    }
}

/// What runs a script, by its first line; `None` if it is no script, or cannot be read.
fn interpreter(file: &Path) -> Option<String> {
    let mut begin = Vec::new();
    File::open(file).ok()?.take(LONGEST_LINE).read_to_end(&mut begin).ok()?;
    let line = begin.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let words = String::from_utf8_lossy(line);
    words.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;

    use forebay_core::probe::Outcome;

    use super::*;

    #[test]
    fn what_stands_in_the_way_of_a_program_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str, mode: u32| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        put("good", "#!/bin/sh -e\n", 0o755);
        put("plain", "#!/bin/sh\n", 0o644);
        put("odd", "#!/nowhere/at/all\n", 0o755);
        let here = folder.path().display().to_string();
        for (command, directory, expected) in [
            ("./good", ".", Ok("good is there")),
            ("good", ".", Ok("good is there")),
            ("sh", ".", Err("no folder of PATH")),
            ("./plain", ".", Err("may not be executed")),
            ("plain", ".", Err("may not be executed")),
            ("./odd", ".", Err("`/nowhere/at/all`, which is missing")),
            ("./none", ".", Err("there is no file")),
            ("./good", "none", Err("none`: No such file")),
            ("./good", "good", Err("is no folder")),
        ] {
            let program = Program {
                command: vec![command.to_owned()],
                environment: BTreeMap::from([("PATH".to_owned(), here.clone())]),
                directory: Some(folder.path().join(directory)),
            };
            let mut probed = Probed::default();
            assert_eq!(program.probe(&mut probed).is_ok(), expected.is_ok(), "{command}");
            let (Ok(words) | Err(words)) = expected;
            let said = match &probed.steps().last().unwrap().outcome {
                Outcome::Well { found } => found,
                Outcome::Failed { reason, .. } => reason,
            };
            assert!(said.contains(words), "{command}: {said}");
        }
        let mut probed = Probed::default();
        let usual = Program {
            command: vec!["sh".to_owned()],
            environment: BTreeMap::new(),
            directory: None,
        };
        assert!(usual.probe(&mut probed).is_ok(), "{probed:?}");
    }
}
