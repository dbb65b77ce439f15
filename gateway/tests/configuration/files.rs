//! Several files are one configuration.

use forebay::config::load;

use crate::components::{GOOD, environment, load_files, registry, short};

const SOURCE: &str = "[sources.in]\ntype = \"queue\"\nbrokers = [\"a:1\"]\nformat = \"bytes\"\n";
const REST: &str = "[gateway]\nlisten = \"off\"\n[sinks.out]\ntype = \"folder\"\npath = \"out\"\n\
                    [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\n";

#[test]
fn files_are_merged() {
    let gateway = "[gateway]\nmemory = \"64MiB\"\n";
    let loaded = load_files(&[("a.toml", SOURCE), ("b.toml", REST), ("c.toml", gateway)]);
    assert_eq!(short(&loaded.findings), Vec::<String>::new());
    let config = loaded.config.unwrap();
    assert_eq!(config.gateway.memory, forebay_core::units::ByteSize::mib(64));
    assert_eq!(config.gateway.listen, "off");
}

#[test]
fn a_name_that_is_defined_twice_is_found_with_both_places() {
    let findings = load_files(&[("a.toml", GOOD), ("b.toml", SOURCE)]).findings;
    assert_eq!(short(&findings), ["1:10 duplicate `sources.in` is defined twice"]);
    let finding = &findings.list()[0];
    assert!(findings.files()[finding.place.unwrap().file].path.ends_with("b.toml"));
    assert!(finding.help.as_ref().unwrap().ends_with("a.toml:2:10"), "{:?}", finding.help);
}

#[test]
fn a_key_of_the_gateway_that_is_set_twice_is_found() {
    let findings = load_files(&[("a.toml", REST), ("b.toml", REST), ("c.toml", SOURCE)]).findings;
    let all = short(&findings);
    assert!(all.contains(&"2:1 duplicate `gateway.listen` is set twice".to_owned()), "{all:#?}");
}

#[test]
fn a_folder_is_all_its_files_and_a_file_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("1.toml"), SOURCE).unwrap();
    std::fs::write(folder.path().join("2.toml"), REST).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not TOML").unwrap();
    std::fs::write(folder.path().join(".hidden.toml"), "not TOML").unwrap();
    let paths = [folder.path().to_owned(), folder.path().join("1.toml")];
    let loaded = load(&paths, &registry(), &environment);
    assert_eq!(short(&loaded.findings), Vec::<String>::new());
    let config = loaded.config.unwrap();
    assert_eq!(config.pipelines[0].sources[0].base, folder.path());
    assert_eq!(config.checkpoints, folder.path().join("./data/checkpoints"));
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = folder.path().join("bytes.toml");
    std::fs::write(&bytes, b"a = 1\n\xff").unwrap();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let missing = folder.path().join("missing.toml");
    let all = short(&load(&[bytes, empty, missing], &registry(), &environment).findings);
    assert_eq!(all.len(), 4, "{all:#?}");
    assert!(all[0].contains("missing.toml` cannot be read"), "{all:#?}");
    assert!(all[1].contains("there is no *.toml in"), "{all:#?}");
    assert!(all.contains(&"2:1 syntax from here on, the file is no UTF-8 text".to_owned()));
}
