//! The committed files, read strictly: every mistake with its file, its line, and what was probably meant.

use std::{fs, path::Path};

use super::super::{
    checks,
    source::{Source, read_activities},
};

#[test]
fn the_files_have_no_mistake() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let (mut sources, mut activities, mut mistakes) = (Vec::new(), Vec::new(), Vec::new());
    let mut paths: Vec<_> = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    for path in paths {
        let (name, text) =
            (format!("data/{}", path.file_name().unwrap().display()), fs::read_to_string(&path).unwrap());
        if name == "data/compendium.toml" {
            read_activities(&name, &text).map_or_else(|mistake| mistakes.push(mistake), |read| activities = read);
        } else if name != "data/body-shares.toml" {
            Source::read(&name, &text).map_or_else(|mistake| mistakes.push(mistake), |source| sources.push(source));
        }
    }
    mistakes.extend(checks::check(&sources, &activities));
    let unused = checks::unused(&sources, &activities);
    let mistakes = mistakes.iter().map(ToString::to_string);
    let all: Vec<String> =
        mistakes.chain(unused.iter().map(|unused| format!("no exercise has the {unused}"))).collect();
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}
