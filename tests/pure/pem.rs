use anaplan_tasks::pem::{certificate, pkcs8, private_key, written};
use proptest::prelude::*;

fn pem(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[test]
fn a_certificate_is_found_whatever_stands_around_it() {
    let plain = pem("CERTIFICATE", "AAAA\nBBB=");
    for text in [
        plain.clone(),
        plain.replace('\n', "\r\n"),
        plain.replace('\n', " "),
        format!("Bag Attributes\n    friendlyName: my-own - cert\nsubject=CN = a-b\n{plain}"),
        format!("{plain}{}", pem("CERTIFICATE", "CCCC")),
        format!("{}{plain}", pem("RSA PRIVATE KEY", "KKKK")),
        format!("{}{plain}", pem("ENCRYPTED PRIVATE KEY", "KKKK")),
    ] {
        assert_eq!(certificate(&text).unwrap(), "AAAABBB=", "{text}");
    }
}

#[test]
fn what_is_no_certificate_is_refused_and_not_repeated() {
    let plain = pem("CERTIFICATE", "AAAASECRET");
    for text in [
        "",
        "AAAASECRET",
        &pem("PRIVATE KEY", "AAAASECRET"),
        &pem("CERTIFICATE REQUEST", "AAAASECRET"),
        &pem("CERTIFICATE", ""),
        &pem("CERTIFICATE", "AAAA!SECRET"),
        &plain[..plain.len() - 8],
        plain.split("-----END").next().unwrap(),
        &plain.replace("END CERTIFICATE", "END PRIVATE KEY"),
        &plain.replace('\n', "\\n"),
    ] {
        let error = certificate(text).unwrap_err().to_string();
        assert!(error.starts_with("auth.certificate.certificate: expected "), "{error}");
        assert!(!error.contains("SECRET"), "{error}");
    }
}

#[test]
fn it_is_written_in_lines_of_64() {
    let text = written(&"A".repeat(130));
    let lines: Vec<&str> = text.lines().collect();
    let [first, one, other, short, last] = lines[..] else { panic!("{lines:?}") };
    assert_eq!(first, "-----BEGIN CERTIFICATE-----");
    assert_eq!([one.len(), other.len(), short.len()], [64, 64, 2]);
    assert_eq!(last, "-----END CERTIFICATE-----");
    assert!(text.ends_with("-----\n"));
    assert_eq!(written(&"A".repeat(64)).lines().count(), 3);
}

#[test]
fn a_key_is_known_by_its_label() {
    let is_pkcs1 = |label| private_key(&pem(label, "AAAA")).map(|(is_pkcs1, _)| is_pkcs1);
    assert_eq!(is_pkcs1("PRIVATE KEY"), Ok(false));
    assert_eq!(is_pkcs1("RSA PRIVATE KEY"), Ok(true));
    let legacy = pem(
        "RSA PRIVATE KEY",
        "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\nSECRET",
    );
    for (text, found) in [
        (pem("ENCRYPTED PRIVATE KEY", "SECRET"), "found a key that is encrypted"),
        (legacy, "found a key that is encrypted"),
        (pem("EC PRIVATE KEY", "SECRET"), "found a key of another kind"),
        (pem("OPENSSH PRIVATE KEY", "SECRET"), "found a key of another kind"),
        (pem("PUBLIC KEY", "SECRET"), "found something else"),
        (pem("CERTIFICATE", "SECRET"), "found something else"),
        ("SECRET".to_owned(), "found something else"),
        (String::new(), "found an empty string"),
    ] {
        let error = private_key(&text).unwrap_err().to_string();
        assert!(error.starts_with("auth.certificate.privateKey: expected an RSA key"), "{error}");
        assert!(error.contains("openssl pkey"), "it says what to do: {error}");
        assert!(error.ends_with(found), "{error}");
        assert!(!error.contains("SECRET"), "{error}");
    }
}

/// What stands before a key of PKCS#1, but for the lengths.
const ALGORITHM: [u8; 18] =
    [2, 1, 0, 0x30, 0x0D, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1, 5, 0];

#[test]
fn a_key_of_pkcs_1_is_put_into_pkcs_8() {
    let key = vec![0x55; 0x04A5];
    let wrapped = pkcs8(true, key.clone()).unwrap();
    // 0x04A5 and four for its tag and length, and 18 before: 0x04BB.
    assert_eq!(wrapped[..4], [0x30, 0x82, 0x04, 0xBB]);
    assert_eq!(wrapped[4..22], ALGORITHM);
    assert_eq!(wrapped[22..26], [0x04, 0x82, 0x04, 0xA5]);
    assert_eq!(wrapped[26..], key);
    // And it is what PKCS#8 is taken for.
    assert_eq!(pkcs8(false, wrapped.clone()), Ok(wrapped));
}

#[test]
fn what_is_no_rsa_key_is_refused() {
    let elliptic = [
        &[0x30, 0x81, 0x87, 2, 1, 0, 0x30, 0x13, 6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1][..],
        &[0; 200],
    ]
    .concat();
    assert!(pkcs8(false, elliptic).unwrap_err().to_string().ends_with("another kind"));
    assert!(pkcs8(false, Vec::new()).is_err());
    assert!(pkcs8(true, vec![1; 255]).is_err());
    assert!(pkcs8(true, vec![1; 0xFFFF]).is_err());
    assert!(pkcs8(true, Vec::new()).is_err());
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "[-BEGINDCRTFAKYPSV \n=+/a-z]{0,200}", key in any::<Vec<u8>>()) {
        let _ = (certificate(&text), private_key(&text), written(&text), pkcs8(false, key));
    }

    #[test]
    fn what_is_written_is_read(base64 in "[A-Za-z0-9+/]{1,300}={0,2}") {
        prop_assert_eq!(certificate(&written(&base64)), Ok(base64));
    }
}
