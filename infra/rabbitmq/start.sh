#!/bin/sh
# Writes the definitions with the hashes of the users' passwords, then becomes the broker:
#
#   start.sh DEFINITIONS FILLED_IN COMMAND...
#
# Where a hash belongs, DEFINITIONS has the name of a variable, ${RABBITMQ_INTAKE_PASSWORD}, which
# is taken from the environment. RabbitMQ's hash is base64 of a salt of four bytes and of the
# SHA-256 of salt and password. No more is needed than a shell and the core utilities.
set -eu
umask 077
definitions=$1 filled_in=$2
shift 2

bytes_of() { # hexadecimal digits
    for byte in $(echo "$1" | sed 's/../& /g'); do
        printf "\\$(printf %03o "0x$byte")"
    done
}

hash_of() { # a password
    salt=$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
    digest=$({ bytes_of "$salt"; printf %s "$1"; } | sha256sum | cut -c1-64)
    { bytes_of "$salt"; bytes_of "$digest"; } | base64 | tr -d '\n'
}

cp "$definitions" "$filled_in.new"
for variable in $(grep -o '\${RABBITMQ_[A-Z_]*}' "$definitions" | tr -d '${}'); do
    eval "password=\${$variable:-}"
    if [ -z "$password" ]; then
        rm "$filled_in.new"
        echo "$variable: expected a password" >&2
        exit 1
    fi
    sed -i "s|\${$variable}|$(hash_of "$password")|" "$filled_in.new"
    unset "$variable"
done
# The image starts as root and becomes this user.
if [ "$(id -u)" = 0 ] && id rabbitmq >/dev/null 2>&1; then
    chown rabbitmq "$filled_in.new"
fi
mv "$filled_in.new" "$filled_in"
exec "$@"
