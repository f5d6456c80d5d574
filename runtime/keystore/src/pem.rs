//! PEM (RFC 7468) as Kafka reads it: a PKCS#8 key, plain or encrypted, and certificates, in files or in the configuration itself,
//! where line breaks may have become blanks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::encryption::Password;
use super::{CertificateDer, Keystore, PrivatePkcs8KeyDer, Problem, pkcs12};

/// Label of a key.
pub(super) const KEY: &str = "PRIVATE KEY";
const ENCRYPTED_KEY: &str = "ENCRYPTED PRIVATE KEY";
const CERTIFICATE: &str = "CERTIFICATE";

/// Characters of a line of base64, as RFC 7468 wants them.
const LINE: usize = 64;

/// The store in a file: its first key, if it has one, and its certificates, which are the key's and trusted ones at once.
pub(super) fn file(bytes: &[u8], key_password: Option<&str>) -> Result<Keystore, Problem> {
    let text = str::from_utf8(bytes).map_err(|_| Problem::Damaged("not text, as PEM is"))?;
    let chain = certificates_in(text)?;
    let no_chain = Problem::Damaged("no PEM: neither a key nor a certificate");
    let key = match key_in(text, key_password) {
        Err(Problem::NoKey) if chain.is_empty() => return Err(no_chain),
        Err(Problem::NoKey) => None,
        key => Some(key?),
    };
    Ok(Keystore { key, trusted: chain.clone(), chain })
}

/// The store in the configuration.
pub(super) fn inline(
    key: Option<&str>,
    chain: Option<&str>,
    trusted: Option<&str>,
    key_password: Option<&str>,
) -> Result<Keystore, Problem> {
    let certificates = |text: Option<&str>| text.map(certificates_in).transpose().map(Option::unwrap_or_default);
    Ok(Keystore {
        key: key.map(|text| key_in(text, key_password)).transpose()?,
        chain: certificates(chain)?,
        trusted: certificates(trusted)?,
    })
}

fn key_in(text: &str, password: Option<&str>) -> Result<PrivatePkcs8KeyDer<'static>, Problem> {
    for section in Sections(text) {
        let section = section?;
        match section.label {
            KEY => return section.decode().map(PrivatePkcs8KeyDer::from),
            ENCRYPTED_KEY => {
                let password = password.ok_or(Problem::WrongKeyPassword)?;
                let decrypted = pkcs12::decrypt_key(&section.decode()?, &mut Password::new(password));
                return decrypted.map_err(|problem| match problem {
                    Problem::WrongPassword => Problem::WrongKeyPassword,
                    problem => problem,
                });
            }
            label if label.ends_with(KEY) => return Err(Problem::NotPkcs8),
            _ => {}
        }
    }
    Err(Problem::NoKey)
}

fn certificates_in(text: &str) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let sections =
        Sections(text).filter(|section| section.as_ref().map_or(true, |section| section.label == CERTIFICATE));
    sections.map(|section| section?.decode().map(CertificateDer::from)).collect()
}

/// The sections of a text; what stands between them is passed over.
struct Sections<'a>(&'a str);

struct Section<'a> {
    label: &'a str,
    body: &'a str,
}

impl<'a> Iterator for Sections<'a> {
    type Item = Result<Section<'a>, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        let (_, rest) = self.0.split_once("-----BEGIN ")?;
        // Whatever is wrong with this section, the next turn must not find it again.
        self.0 = "";
        let parts = rest.split_once("-----").and_then(|(label, rest)| {
            let (body, after) = rest.split_once("-----END ")?;
            Some((label, body, after.strip_prefix(label)?.strip_prefix("-----")?))
        });
        Some(match parts {
            Some((label, body, after)) => {
                self.0 = after;
                Ok(Section { label, body })
            }
            None => Err(Problem::Damaged("a section of PEM that does not end as it began")),
        })
    }
}

impl Section<'_> {
    fn decode(&self) -> Result<Vec<u8>, Problem> {
        let digits: String = self.body.chars().filter(|character| !character.is_ascii_whitespace()).collect();
        STANDARD.decode(digits).map_err(|_| Problem::Damaged("a section of PEM that is not base64"))
    }
}

/// One section.
pub(super) fn encode(label: &str, bytes: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let digits = STANDARD.encode(bytes);
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Certificates, one section each.
pub(super) fn certificates(certificates: &[CertificateDer<'_>]) -> String {
    certificates.iter().map(|certificate| encode(CERTIFICATE, certificate)).collect()
}
