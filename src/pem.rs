//! Certificates and keys as text (RFC 7468), and the little of their insides that must be known.

#![forbid(unsafe_code)]

use crate::error::holds;
use crate::reference::Invalid;

/// The base64 of the first certificate in a text. What else is in there stays where it is: of a
/// chain, the first one is its owner's, and a key beside it is none of the server's business.
pub fn certificate(text: &str) -> Result<String, Invalid> {
    const EXPECTED: &str =
        "a certificate in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----";
    let found = |label: &str| label == "CERTIFICATE";
    let block = block(text, &found).ok_or(if text.is_empty() { "an empty string" } else { OTHER });
    block
        .map(|(_, base64)| base64)
        .map_err(|found| Invalid::new("auth.certificate.certificate", EXPECTED, found))
}

/// The certificate as a text again, of lines as OpenSSL writes them, however it came.
pub fn written(base64: &str) -> String {
    const LINE: usize = 64;
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (at, c) in base64.chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}

/// The base64 of the private key in a text, and whether it is in PKCS#1 rather than in PKCS#8.
pub fn private_key(text: &str) -> Result<(bool, String), Invalid> {
    let refuse = |found| Err(not_a_key(found));
    match block(text, &|label| label.ends_with("PRIVATE KEY")) {
        _ if text.is_empty() => refuse("an empty string"),
        // In the label, or in what older files have between it and the key.
        _ if holds(text, "ENCRYPTED") => refuse("a key that is encrypted"),
        Some(("PRIVATE KEY", key)) => Ok((false, key)),
        Some(("RSA PRIVATE KEY", key)) => Ok((true, key)),
        Some(_) => refuse("a key of another kind"),
        None => refuse(OTHER),
    }
}

/// The private key in PKCS#8, which is what hosts read, made of its bytes in either format.
pub fn pkcs8(is_pkcs1: bool, key: Vec<u8>) -> Result<Vec<u8>, Invalid> {
    /// The algorithm, rsaEncryption: 1.2.840.113549.1.1.1.
    const RSA: [u8; 11] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
    /// The version, 0, and the algorithm, in a sequence of its own and with no parameters.
    const BEFORE: [u8; 5] = [0x02, 0x01, 0x00, 0x30, 0x0D];
    const AFTER: [u8; 2] = [0x05, 0x00];
    /// No RSA key has fewer bytes, or more.
    const SHORTEST: usize = 256;
    const LONGEST: usize = 0xFFFF;
    if !is_pkcs1 {
        let is_rsa = key.windows(RSA.len()).take(32).any(|window| window == RSA);
        return if is_rsa { Ok(key) } else { Err(not_a_key("a key of another kind")) };
    }
    let mut whole = BEFORE.to_vec();
    whole.extend_from_slice(&RSA);
    whole.extend_from_slice(&AFTER);
    whole.extend(sized(0x04, &key));
    if key.len() < SHORTEST || whole.len() > LONGEST {
        return Err(not_a_key(OTHER));
    }
    Ok(sized(0x30, &whole))
}

/// Why a text, or what is in it, is no key that can be used.
pub fn not_a_key(found: &'static str) -> Invalid {
    const EXPECTED: &str = "an RSA key in PEM, from -----BEGIN PRIVATE KEY----- (or RSA PRIVATE KEY) \
         to the -----END, that is not encrypted: `openssl pkey -in KEY.pem` writes it so";
    Invalid::new("auth.certificate.privateKey", EXPECTED, found)
}

const OTHER: &str = "something else";

/// The first block whose label is wanted: the label, and the base64 without white space.
fn block<'a>(text: &'a str, wants: &dyn Fn(&str) -> bool) -> Option<(&'a str, String)> {
    // Neither labels nor base64 have dashes; whatever stands around the blocks may.
    let mut parts = text.split('-').filter(|part| !part.is_empty());
    while let Some(part) = parts.next() {
        let Some(label) = part.strip_prefix("BEGIN ").filter(|label| wants(label)) else {
            continue;
        };
        let mut base64 = parts.next()?.to_owned();
        base64.retain(|c| !c.is_ascii_whitespace());
        let is_base64 =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let is_whole = parts.next()?.strip_prefix("END ") == Some(label);
        let is_good = is_whole && !base64.is_empty() && base64.bytes().all(is_base64);
        return Some((label, base64)).filter(|_| is_good);
    }
    None
}

/// Bytes behind their tag and length, as DER has it where the length takes two bytes.
fn sized(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let [.., high, low] = bytes.len().to_be_bytes();
    let mut sized = vec![tag, 0x82, high, low];
    sized.extend_from_slice(bytes);
    sized
}
