#!/bin/sh
# Makes the keys, certificates and stores of this folder anew: with Java's keytool, because its files are what the tests are
# about, and with openssl for what keytool cannot write. They guard nothing: they are for tests only, and public.
#
#   ca           signs server and client; other-ca signs stranger
#   server.*     CN=server, for localhost and 127.0.0.1: as JKS (with a key password of its own), as PKCS#12 of today and of
#                Java 8, as PEM, and as PEM with the key encrypted in two ways
#   trust.*      ca as a trusted certificate
#   client.pem, stranger.pem    key and certificate of clients; client.p12 and client.jks are the same as client.pem
#   old-client.pem  a client whose certificate is of X.509 version 1, as many how-tos make it; signed by old-ca
set -eu
cd "$(dirname "$0")"
rm -f ./*.jks ./*.p12 ./*.pem
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

store=store-secret
key=key-secret
# From a day in the past, so that a clock that is slow does not refuse them, for a hundred years.
start="2020/01/01 00:00:00"
days=36500

pair() { # NAME DNAME [OPTIONS]: a key with a self-signed certificate in $work/NAME.p12
    name=$1 dname=$2
    shift 2
    keytool -genkeypair -alias "$name" -dname "$dname" -keyalg EC -groupname secp256r1 -startdate "$start" \
        -validity $days -keystore "$work/$name.p12" -storepass $store "$@"
}

sign() { # CA NAME OPTIONS: replaces NAME's certificate by one that CA signed
    ca=$1 name=$2
    shift 2
    keytool -certreq -alias "$name" -keystore "$work/$name.p12" -storepass $store |
        keytool -gencert -rfc -alias "$ca" -keystore "$work/$ca.p12" -storepass $store -startdate "$start" -validity $days "$@" \
            > "$work/$name.crt"
    keytool -importcert -noprompt -alias "$ca" -file "$ca.pem" -keystore "$work/$name.p12" -storepass $store
    keytool -importcert -noprompt -alias "$name" -file "$work/$name.crt" -keystore "$work/$name.p12" -storepass $store
    keytool -delete -alias "$ca" -keystore "$work/$name.p12" -storepass $store
}

pem() { # NAME: key and chain as PEM
    openssl pkcs12 -in "$work/$1.p12" -passin pass:$store -nodes -nocerts | openssl pkcs8 -topk8 -nocrypt > "$1.pem"
    openssl pkcs12 -in "$work/$1.p12" -passin pass:$store -nokeys -out "$work/$1.chain"
    sed -n '/-BEGIN/,/-END/p' "$work/$1.chain" >> "$1.pem"
}

for ca in ca other-ca old-ca; do
    pair $ca "CN=$ca" -ext bc:c=ca:true -ext ku:c=keyCertSign
    keytool -exportcert -rfc -alias $ca -keystore "$work/$ca.p12" -storepass $store > $ca.pem
done
pair server CN=server
sign ca server -ext san=dns:localhost,ip:127.0.0.1 -ext eku=serverAuth
pair client "CN=client, OU=orders, O=Weir"
sign ca client -ext eku=clientAuth
pair stranger CN=client
sign other-ca stranger -ext eku=clientAuth
for name in server client stranger; do pem $name; done

cp "$work/server.p12" server.p12
import() { # FILE OPTIONS: server's entry in another form of store
    file=$1
    shift
    keytool -importkeystore -noprompt -srckeystore server.p12 -srcstorepass $store -destkeystore "$file" \
        -deststorepass $store "$@"
}
import server-legacy.p12 -deststoretype PKCS12 -J-Dkeystore.pkcs12.legacy
import server.jks -deststoretype JKS -srcalias server -srckeypass $store -destkeypass $key
keytool -importcert -noprompt -alias ca -file ca.pem -keystore trust.p12 -storepass $store -storetype PKCS12
keytool -importcert -noprompt -alias ca -file ca.pem -keystore trust-legacy.p12 -storepass $store -storetype PKCS12 \
    -J-Dkeystore.pkcs12.legacy
keytool -importcert -noprompt -alias ca -file ca.pem -keystore trust.jks -storepass $store -storetype JKS
encrypt() { # FILE OPTIONS: server.pem with its key encrypted
    file=$1
    shift
    openssl pkcs8 -topk8 -in server.pem -passout pass:$key -out "$file" "$@"
    sed -n '/-BEGIN CERT/,/-END CERT/p' server.pem >> "$file"
}
encrypt server-aes.pem -v2 aes-256-cbc -v2prf hmacWithSHA256
encrypt server-3des.pem -v1 PBE-SHA1-3DES
openssl pkcs12 -export -in client.pem -name client -passout pass:$store -out client.p12
keytool -importkeystore -noprompt -srckeystore client.p12 -srcstorepass $store -destkeystore client.jks -deststoretype JKS \
    -deststorepass $store -destkeypass $key

# keytool makes no certificate of version 1.
openssl pkcs12 -in "$work/old-ca.p12" -passin pass:$store -nodes -nocerts -out "$work/old-ca.key"
openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt > old-client.pem
openssl req -new -key old-client.pem -subj /CN=client -out "$work/old-client.csr"
: > "$work/index"
cat > "$work/ca.conf" << EOF
[ca]
default_ca = old
[old]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
EOF
openssl ca -batch -notext -config "$work/ca.conf" -cert old-ca.pem -keyfile "$work/old-ca.key" -startdate 20200101000000Z -days $days \
    -in "$work/old-client.csr" >> old-client.pem
openssl x509 -in old-client.pem -noout -text | grep -q 'Version: 1 '
