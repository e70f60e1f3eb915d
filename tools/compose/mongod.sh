#!/bin/bash
# Starts the MongoDB of docker-compose.yml with authentication, and without JavaScript in the server: nobody here needs it. Members of a replica set prove themselves to one
# another with a key file: it is made at the first start and stays in the volume mongo-config.
set -euo pipefail

key=/data/configdb/keyfile
if [ ! -s "$key" ]; then
	head -c 756 /dev/urandom | base64 >"$key.new"
	mv "$key.new" "$key"
fi
chown mongodb:mongodb "$key"
chmod 0400 "$key" # mongod refuses a key file that others can read

exec docker-entrypoint.sh mongod --replSet rs0 --noscripting --keyFile "$key" --bind_ip_all --wiredTigerCacheSizeGB "${MONGO_CACHE_GB:-0.5}"
