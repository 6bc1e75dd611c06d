//! Whether a text was drawn at random: how badly the pairs of letters of ordinary words predict
//! it.
//!
//! Entropy alone cannot say: `hexadecimal_alphabet` has as much as a key of that length. Words
//! that people string together are predicted well (99 of 100 below 5 bits a character), texts
//! drawn from letters and digits badly (99 of 100 above).

use super::letter_pairs::PAIRS;

/// Shortest text that is called random, in bytes: of shorter ones nobody can tell.
const SHORTEST: usize = 16;
/// Least surprise of a random text, in bits a character.
const LEAST: f64 = 5.15;

/// Whether the text looks drawn at random from letters, digits or the signs of base64.
pub fn is_random(text: &str) -> bool {
    let core = text.trim_end_matches('=');
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+/_-.=~!@#$%^&*:".contains(&byte);
    if core.len() < SHORTEST || !core.bytes().all(fits) || is_run(core) {
        return false;
    }
    is_random_hex(core) || surprise(core) >= LEAST
}

/// Hexadecimal digits of both kinds, without an order in them.
pub fn is_random_hex(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.len() - digits;
    text.len() >= SHORTEST
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && digits >= 3
        && letters >= 3
        && !is_run(text)
        && distinct(text) >= 7
}

/// Bits a character by which the text surprises a reader of words.
pub fn surprise(text: &str) -> f64 {
    let mut bits = 0.0;
    let mut before = 26;
    let mut class = b' ';
    for byte in text.bytes() {
        let own = match byte {
            b'a'..=b'z' => b'l',
            b'A'..=b'Z' => b'u',
            b'0'..=b'9' => b'd',
            _ => b's',
        };
        if own == b'd' || own == b's' {
            let cut = class == b'l' || class == b'u';
            bits += match own {
                b'd' => 3.3 + if cut { 2.0 } else { 0.0 },
                _ => 2.0,
            };
            before = 26;
        } else {
            bits += match (class, own) {
                (b'd', _) => 3.0,
                (b'l', b'u') => 1.0,
                (b'u', b'l') => 0.5,
                _ => 0.0,
            };
            if class == b'l' && own == b'u' {
                before = 26;
            }
            let letter = usize::from(byte.to_ascii_lowercase() - b'a');
            bits += f64::from(PAIRS[before][letter]) / 16.0;
            before = letter;
        }
        class = own;
    }
    bits / text.len().max(1) as f64
}

/// Whether the text is mostly steps of one, as alphabets and counted digits are, or repeats.
pub fn is_run(text: &str) -> bool {
    let bytes = text.as_bytes();
    let steps = bytes
        .windows(2)
        .filter(|pair| pair[1].wrapping_sub(pair[0]) <= 1 || pair[0].wrapping_sub(pair[1]) == 1)
        .count();
    bytes.len() > 3 && steps * 2 > bytes.len() || distinct(text) <= 2
}

fn distinct(text: &str) -> usize {
    let mut seen = [false; 256];
    for byte in text.bytes() {
        seen[usize::from(byte)] = true;
    }
    seen.iter().filter(|&&is| is).count()
}

#[cfg(test)]
mod tests {
    use super::is_random;

    #[test]
    fn random() {
        for text in [
            "9xWjcR9sNyUByjbxpkegtRv7mnPy0spZLrSZ",
            "e92ae0f3604107912f0471dd54a287dd01be8f6d",
            "QZofjAIEJAdwP21yvqTJSLt3K93PNBCLFXOD40Lf",
            "qzxvkjwpbtgfmhzr",
        ] {
            assert!(is_random(text), "{text}");
        }
        for text in [
            "application/x-www-form-urlencoded",
            "homeassistant.components.mqtt",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "0123456789abcdef",
            "SHA256withRSAEncryption",
            "my-very-long-passw0rd",
            "HTTP_AUTHORIZATION_HEADER",
        ] {
            assert!(!is_random(text), "{text}");
        }
    }
}
