//! A certificate that is registered with Anaplan.
//!
//! <https://help.anaplan.com/authentication-service-api>

use super::login::Identity;
use crate::client::failure::Failure;
use crate::error::{Code, Error};
use crate::pem;
use crate::platform::{base64, from_base64, has_crypto, signature, unforeseen, wall};
use crate::reference::Invalid;

const REFUSED: &str = "Is the certificate registered with Anaplan, still valid, and the private key its \
     own? The server's clock and this one must agree; if they do, try the other unit of \
     auth.certificate.timestamp.";

/// The format of what is signed.
#[derive(Debug, Clone, Copy)]
pub enum Format {
    /// Chance alone.
    V1,
    /// The time before it, in units of so many milliseconds.
    V2(f64),
}

/// Signs what Anaplan is to see signed.
pub struct Signer {
    /// In PKCS#8.
    key: Vec<u8>,
    format: Format,
}

/// Parses a certificate and its private key. No error repeats either.
pub fn certificate(
    certificate: &str,
    private_key: &str,
    format: Format,
) -> Result<Identity, Invalid> {
    let certificate = pem::written(&pem::certificate(certificate)?);
    let (is_pkcs1, key) = pem::private_key(private_key)?;
    let bytes = from_base64(&key).ok_or_else(|| pem::not_a_key("broken base64"))?;
    let header = base64(certificate.as_bytes());
    let signer = Signer { key: pem::pkcs8(is_pkcs1, bytes)?, format };
    Ok(Identity {
        header: "CACertificate ".to_owned() + &header,
        secrets: vec![key.into(), header.into(), certificate.into()],
        advice: REFUSED,
        signer: Some(signer),
    })
}

impl Signer {
    /// The body of a request, and the signature in it.
    pub async fn body(&self) -> Result<(String, String), Failure> {
        /// Of chance; at least 100 are wanted.
        const LENGTH: usize = 150;
        if !has_crypto() {
            let text = "auth.certificate takes WebCrypto (crypto.subtle), which is not there. Browsers \
                 have it on pages by https and on loopback alone.";
            return Err(Error::new(Code::InvalidArgument, text).into());
        }
        let (mut data, mut word) = (Vec::new(), "");
        if let Format::V2(unit) = self.format {
            data.extend_from_slice(&((wall() / unit) as u64).to_be_bytes());
            word = r#","encodedDataFormat":"v2""#;
        }
        let before = data.len();
        data.resize(before.saturating_add(LENGTH), 0);
        if !data.get_mut(before..).is_some_and(unforeseen) {
            return Err(Error::new(Code::Internal, "crypto.getRandomValues failed").into());
        }
        let signature = signature(&self.key, &data).await;
        let signature = signature
            .ok_or_else(|| Error::from(pem::not_a_key("one that crypto.subtle does not take")))?;
        let data = base64(&data);
        // Base64 needs no escapes.
        let mut body = r#"{"encodedData":""#.to_owned();
        for part in [&data, r#"","encodedSignedData":""#, &signature, "\"", word, "}"] {
            body.push_str(part);
        }
        Ok((body, signature))
    }
}
