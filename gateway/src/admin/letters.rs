//! Reads the newest dead letters from files of JSON lines.

use std::cmp::Reverse;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::{Value, json};

/// How many entries of the folder are looked at.
const MAX_FILES: usize = 100_000;

/// How much of one file is read, from its end, in bytes.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// How much of all files is read, in bytes.
const MAX_BYTES: u64 = 8 << 20;

/// How much of a record, or of a line that is no letter, is shown, in bytes.
const MAX_SHOWN: usize = 16 << 10;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Newest {
    /// The letters, the newest first.
    pub(super) letters: Vec<Value>,
    /// Whether these are all that were asked for, as far as there are any.
    pub(super) complete: bool,
}

/// The newest letters of a folder, at most `limit`.
///
/// # Errors
/// If the folder or a file cannot be read. That there is none yet is no error.
pub(super) fn newest(folder: &Path, limit: usize) -> io::Result<Newest> {
    let (files, all_seen) = files(folder)?;
    let mut newest = Newest { letters: Vec::new(), complete: all_seen };
    let mut budget = MAX_BYTES;
    for path in files {
        if newest.letters.len() >= limit {
            break;
        }
        if budget == 0 {
            newest.complete = false;
            break;
        }
        let (tail, is_whole) = match tail(&path, budget.min(MAX_FILE_BYTES)) {
            Ok(tail) => tail,
            // It was taken away while we looked.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        budget -= tail.len() as u64;
        let room = limit - newest.letters.len();
        let lines = lines(&tail, is_whole);
        let enough = lines.len() >= room;
        newest.complete &= is_whole || enough;
        newest.letters.extend(lines.into_iter().rev().take(room).map(letter));
    }
    Ok(newest)
}

/// The files of letters, the newest first, and whether all of the folder was looked at.
fn files(folder: &Path) -> io::Result<(Vec<PathBuf>, bool)> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), true)),
        Err(error) => return Err(error),
    };
    let mut seen = 0;
    let mut found: Vec<(Reverse<SystemTime>, Reverse<PathBuf>)> = Vec::new();
    for entry in entries.take(MAX_FILES) {
        let entry = entry?;
        seen += 1;
        let name = entry.file_name();
        let is_letters = name.to_str().is_some_and(|name| {
            !name.starts_with('.') && Path::new(name).extension().is_some_and(|end| end == "jsonl")
        });
        if !is_letters {
            continue;
        }
        let Ok(about) = entry.metadata() else { continue };
        if about.is_file() {
            let changed = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            found.push((Reverse(changed), Reverse(entry.path())));
        }
    }
    found.sort();
    Ok((found.into_iter().map(|(_, path)| path.0).collect(), seen < MAX_FILES))
}

/// The end of a file, and whether that is all of it.
fn tail(path: &Path, most: u64) -> io::Result<(Vec<u8>, bool)> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let begin = length.saturating_sub(most);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok((bytes, begin == 0))
}

/// The lines of which all was read.
fn lines(tail: &[u8], is_whole: bool) -> Vec<&[u8]> {
    let lines = tail.split(|byte| *byte == b'\n').skip(usize::from(!is_whole));
    lines.filter(|line| !line.is_empty()).collect()
}

/// A line as a letter, with its record's bytes as text where they are text.
fn letter(line: &[u8]) -> Value {
    let Ok(Value::Object(mut letter)) = serde_json::from_slice(line) else {
        let line = String::from_utf8_lossy(&line[..line.len().min(MAX_SHOWN)]);
        return json!({ "unreadable": line });
    };
    let bytes = letter.get("bytes").and_then(Value::as_str).and_then(from_hex);
    if let Some(bytes) = bytes {
        letter.remove("bytes");
        letter.insert("size".to_owned(), bytes.len().into());
        let (key, shown) = readable(&bytes);
        letter.insert(key.to_owned(), shown.into());
    }
    if let Some(Value::String(columns)) = letter.get_mut("columns") {
        match serde_json::from_str(columns) {
            Ok(object) if columns.len() <= MAX_SHOWN => letter["columns"] = object,
            // Too long, or no JSON: its beginning as it stands.
            _ => columns.truncate(columns.floor_char_boundary(MAX_SHOWN)),
        }
    }
    Value::Object(letter)
}

/// The beginning of some bytes: `text` if they are UTF-8, `hex` if not.
pub(super) fn readable(bytes: &[u8]) -> (&'static str, String) {
    let shown = &bytes[..bytes.len().min(MAX_SHOWN)];
    let is_text = std::str::from_utf8(bytes).is_ok();
    match (is_text, std::str::from_utf8(shown)) {
        (true, Ok(text)) => ("text", text.to_owned()),
        // The cut went through a character.
        (true, Err(error)) => {
            ("text", String::from_utf8_lossy(&shown[..error.valid_up_to()]).into_owned())
        }
        (false, _) => ("hex", shown.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, age_s: u64, lines: &[String]) {
        let path = folder.join(name);
        fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 - age_s);
        File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    }

    fn line(batch: u64, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let columns = format!("{{\"seq\":{batch}}}");
        json!({ "batch": batch, "class": "syntax", "bytes": hex, "columns": columns }).to_string()
    }

    #[test]
    fn the_newest_come_first_and_text_is_readable() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "b.jsonl", 20, &[line(1, b"one"), line(2, &[0xff, 0])]);
        write(folder.path(), "a.jsonl", 10, &[line(3, "drei ä".as_bytes()), "broken".to_owned()]);
        write(folder.path(), ".hidden.jsonl", 0, &[line(9, b"no")]);
        write(folder.path(), "other.txt", 0, &[line(9, b"no")]);
        let found = newest(folder.path(), 10).unwrap();
        assert!(found.complete);
        let expected = [
            json!({ "unreadable": "broken" }),
            json!({ "batch": 3, "class": "syntax", "columns": { "seq": 3 }, "size": 7, "text": "drei ä" }),
            json!({ "batch": 2, "class": "syntax", "columns": { "seq": 2 }, "size": 2, "hex": "ff00" }),
            json!({ "batch": 1, "class": "syntax", "columns": { "seq": 1 }, "size": 3, "text": "one" }),
        ];
        assert_eq!(found.letters, expected);
        assert_eq!(newest(folder.path(), 2).unwrap().letters, expected[..2]);
    }

    #[test]
    fn without_a_folder_there_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let found = newest(&folder.path().join("none"), 10).unwrap();
        assert!(found.letters.is_empty() && found.complete);
    }

    #[test]
    fn of_large_files_only_the_end_is_read_and_large_records_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        let large = "ä".repeat(500_000);
        let lines: Vec<String> = (0..5).map(|batch| line(batch, large.as_bytes())).collect();
        write(folder.path(), "a.jsonl", 0, &lines);
        let found = newest(folder.path(), 10).unwrap();
        assert!(!found.complete);
        assert_eq!((found.letters.len(), &found.letters[0]["batch"]), (2, &json!(4)));
        assert_eq!(found.letters[0]["text"].as_str().unwrap().len(), MAX_SHOWN);
        assert_eq!(found.letters[0]["size"], 1_000_000);
    }

    #[test]
    fn a_cut_never_goes_through_a_character() {
        let text = format!("a{}", "ä".repeat(MAX_SHOWN));
        let (key, shown) = readable(text.as_bytes());
        assert_eq!((key, shown.len()), ("text", MAX_SHOWN - 1));
    }
}
