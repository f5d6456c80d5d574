//! Checks `bootstrap.servers`.

use crate::error::Error;
use crate::keys::types;

const KEY: &str = "bootstrap.servers";

/// `ClientUtils.parseAndValidateAddresses`, except that names are not resolved.
pub(super) fn check(value: &str) -> Result<(), Error> {
    for server in types::list(value).iter().filter(|server| !server.is_empty()) {
        let scheme = |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-%._".contains(&byte));
        let address = match server.split_once("://") {
            Some((protocol, address)) if scheme(&protocol) => address,
            _ => server,
        };
        let port = address.rsplit_once(':').filter(|(host, port)| {
            let host = host.strip_prefix('[').unwrap_or(host);
            let host = host.strip_suffix(']').unwrap_or(host);
            let in_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-%._:".contains(&byte);
            host.bytes().all(in_host) && !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit())
        });
        // The first words are Kafka's texts.
        let Some((_, port)) = port else {
            return Err(Error::other(
                KEY,
                format!("Invalid url in {KEY}: {server}. Write host:port, for example {server}:9092"),
            ));
        };
        if port.parse::<u16>().is_err() {
            return Err(Error::other(
                KEY,
                format!("Invalid port in {KEY}: {server}. A port is a number from 0 to 65535"),
            ));
        }
    }
    Ok(())
}
