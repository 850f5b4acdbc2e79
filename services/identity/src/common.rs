//! Passwords that everybody thinks of. The list is made here, of words and rules, and holds what they can make: a word of
//! `common/words.txt` (in English, German and Spanish, also with the usual digits and signs for letters) with what people put around
//! one; nothing but up to ten digits; runs along the alphabet or a keyboard; anything short that is repeated. Together these are some
//! billions, so nobody stores them: a password is on the list if it can be cut into at most three such pieces with at most one word.

use std::{collections::HashSet, sync::LazyLock};

/// Whether it is one of those. Capitals make no difference.
pub(crate) fn is_common(password: &str) -> bool {
    let password = password.to_lowercase();
    let digits_alone = password.len() <= 10 && password.bytes().all(|byte| byte.is_ascii_digit());
    digits_alone || repeats(&password) || (password.len() <= MAX_LENGTH && can_be_cut(&password, 3, 1))
}

/// Nobody thinks of longer ones.
const MAX_LENGTH: usize = 40;

static WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common/words.txt").split_whitespace().collect());

/// Neighbours on the alphabet and on keyboards: a run goes along one of them, either way.
const ROWS: [&str; 15] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiopü",
    "azertyuiop",
    "asdfghjkl;",
    "asdfghjklöä",
    "qsdfghjklm",
    "zxcvbnm,./",
    "yxcvbnm,.-",
    "!@#$%^&*()",
    "!\"§$%&/()=",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,",
    "qazwsxedcrfvtgbyhnujmik,ol.p",
];

fn can_be_cut(rest: &str, pieces: u8, words: u8) -> bool {
    if rest.is_empty() {
        return true;
    }
    if pieces == 0 {
        return false;
    }
    let mut ends = rest.char_indices().map(|(start, c)| start + c.len_utf8());
    ends.any(|end| {
        let (piece, rest) = rest.split_at(end);
        (is_filler(piece) && can_be_cut(rest, pieces - 1, words))
            || (words > 0 && is_word(piece) && can_be_cut(rest, pieces - 1, words - 1))
    })
}

fn is_word(piece: &str) -> bool {
    // A 1 can stand for two letters.
    [('1', 'i'), ('1', 'l')].into_iter().any(|(digit, letter)| {
        let spelt: String = piece.chars().map(|c| if c == digit { letter } else { letter_of(c) }).collect();
        WORDS.contains(spelt.as_str()) || WORDS.contains(piece)
    })
}

const fn letter_of(c: char) -> char {
    match c {
        '0' => 'o',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        '!' => 'i',
        other => other,
    }
}

/// What people put around a word: up to four digits, so also a year; up to three signs; a run; a repetition; "my" or "the".
fn is_filler(piece: &str) -> bool {
    let length = piece.chars().count();
    (length <= 4 && piece.bytes().all(|byte| byte.is_ascii_digit()))
        || (length <= 3 && piece.chars().all(|c| !c.is_alphanumeric()))
        || (length >= 3 && (is_run(piece) || repeats(piece)))
        || ["my", "the", "i", "mein", "meine", "mi", "el", "la", "x", "xx", "a"].contains(&piece)
}

fn is_run(piece: &str) -> bool {
    let backwards: String = piece.chars().rev().collect();
    ROWS.iter().any(|row| row.contains(piece) || row.contains(&backwards))
}

/// A piece of at most four characters, or a word, again and again.
fn repeats(text: &str) -> bool {
    let ends = text.char_indices().skip(1).map(|(start, _)| start).take_while(|end| end * 2 <= text.len());
    ends.map(|end| text.split_at(end).0).any(|unit| {
        (unit.chars().count() <= 4 || is_word(unit)) && text.matches(unit).count() * unit.len() == text.len()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_thinks_of_is_on_the_list() {
        for common in [
            "password",
            "Password1",
            "P@ssw0rd",
            "passw0rd!",
            "password123",
            "Passwort2024",
            "12345678",
            "87654321",
            "1234567890",
            "11111111",
            "00000000",
            "121212121212",
            "abcabcabc",
            "abcd1234",
            "1234abcd",
            "qwertyuiop",
            "qwerty123",
            "Qwertz12",
            "asdfghjkl",
            "1q2w3e4r",
            "1qaz2wsx",
            "!@#$%^&*",
            "iloveyou",
            "ILoveYou!",
            "Sommer2024!",
            "summer99",
            "letmein1",
            "trustno1",
            "Monkey123",
            "dragon12",
            "Football1",
            "michael1987",
            "mustang69",
            "princess!",
            "19870523",
            "passwordpassword",
            "starwars77",
            "W3lcome1",
            "changeme",
            "deadlift100",
            "mypassword",
            "xxxxxxxx",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "contraseña1",
            "Schatzi123",
            "superman!!!",
            "zxcvbnm,",
            "abcdefgh",
            "12345678901",
            "internet",
            "hahahaha",
        ] {
            assert!(is_common(common), "{common}");
        }
    }

    #[test]
    fn what_somebody_made_up_is_not() {
        for own in [
            "correct horse",
            "long enough",
            "a long enough password",
            "another one",
            "my first choice",
            "another one's choice",
            "ÄÖÜßäöü€",
            " spaces ",
            "tr0ub4dor&3",
            "purple-monkey-dishwasher",
            "kx7Qm2vP",
            "barbell before breakfast",
            "dragonmonkey77",
            "lamp tree river",
            "passwords are hard to choose",
        ] {
            assert!(!is_common(own), "{own}");
        }
        // However long it is, an answer comes at once.
        let long: String = (0..256_u32).filter_map(|n| char::from_u32(0x21 + n * 7 % 94)).collect();
        assert!(!is_common(&long));
    }

    #[test]
    fn the_list_has_far_more_than_ten_thousand() {
        let listed: HashSet<String> = WORDS
            .iter()
            .flat_map(|word| (0..100).map(move |number| format!("{word}{number}")))
            .filter(|password| password.chars().count() >= 8)
            .collect();
        assert!(listed.len() > 20_000, "{}", listed.len());
        assert!(listed.iter().step_by(97).all(|password| is_common(password)));
    }
}
