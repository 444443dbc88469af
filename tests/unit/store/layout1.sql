-- The tables as evenload made them before there were revisions (layout 1).
CREATE TABLE stations (tenant VARCHAR NOT NULL, identity VARCHAR NOT NULL, approved BOOLEAN NOT NULL, profile INTEGER
NOT NULL, password_hash TEXT NOT NULL, certificate_name TEXT NOT NULL, address TEXT NOT NULL, noted_at BIGINT, details
TEXT, booted_at BIGINT, seen_at BIGINT, lost_at BIGINT, fallback_kw FLOAT, disobeyed_at BIGINT, PRIMARY KEY (tenant,
identity)) WITHOUT ROWID;
CREATE TABLE connectors (tenant VARCHAR NOT NULL, identity VARCHAR NOT NULL, evse_id INTEGER NOT NULL, connector_id
INTEGER NOT NULL, status TEXT NOT NULL, at BIGINT NOT NULL, error TEXT NOT NULL, PRIMARY KEY (tenant, identity,
evse_id, connector_id)) WITHOUT ROWID;
CREATE TABLE tokens (tenant VARCHAR NOT NULL, "key" VARCHAR NOT NULL, text TEXT NOT NULL, kind TEXT NOT NULL, status
TEXT NOT NULL, expires_at BIGINT, "group" TEXT NOT NULL, PRIMARY KEY (tenant, "key")) WITHOUT ROWID;
CREATE TABLE transactions (tenant VARCHAR NOT NULL, identity VARCHAR NOT NULL, transaction_id VARCHAR NOT NULL,
evse_id INTEGER NOT NULL, started_at BIGINT NOT NULL, connector_id INTEGER NOT NULL, token_text TEXT, token_kind TEXT,
register_kwh_start FLOAT, began TEXT NOT NULL, state TEXT NOT NULL, last_at BIGINT, sequence INTEGER, ended TEXT,
ended_at BIGINT, register_kwh_end FLOAT, energy_kwh FLOAT, energy_quality TEXT, reason TEXT NOT NULL, lately_until
BIGINT NOT NULL, PRIMARY KEY (tenant, identity, transaction_id)) WITHOUT ROWID;
CREATE INDEX transactions_by_end ON transactions (tenant, identity, lately_until);
CREATE INDEX transactions_by_start ON transactions (tenant, started_at);
CREATE TABLE numbers (tenant VARCHAR NOT NULL, next_transaction_id INTEGER, PRIMARY KEY (tenant));
CREATE TABLE devices (device INTEGER NOT NULL, tenant VARCHAR NOT NULL, identity VARCHAR NOT NULL, evse_id INTEGER NOT
NULL, PRIMARY KEY (device));
CREATE UNIQUE INDEX devices_by_name ON devices (tenant, identity, evse_id);
CREATE TABLE readings (at BIGINT NOT NULL, device INTEGER NOT NULL, kind VARCHAR NOT NULL, duration_s FLOAT, power_kw
FLOAT, energy_kwh_import FLOAT, energy_kwh_export FLOAT, soc FLOAT, quality TEXT NOT NULL, context TEXT NOT NULL,
phases TEXT, transaction_id TEXT NOT NULL, PRIMARY KEY (at, device, kind)) WITHOUT ROWID;
CREATE TABLE readings_last (device INTEGER NOT NULL, at BIGINT NOT NULL, kind VARCHAR NOT NULL, PRIMARY KEY (device));
CREATE TABLE events (number INTEGER NOT NULL, digest BIGINT, tenant VARCHAR NOT NULL, identity VARCHAR NOT NULL, at
BIGINT NOT NULL, received_at BIGINT NOT NULL, evse_id INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
PRIMARY KEY (number), UNIQUE (digest));
CREATE INDEX events_by_tenant ON events (tenant, number);
CREATE TABLE orders (number INTEGER NOT NULL, order_id VARCHAR, tenant VARCHAR NOT NULL, identity VARCHAR NOT NULL,
kind TEXT NOT NULL, evse_id INTEGER NOT NULL, body TEXT NOT NULL, made_at BIGINT NOT NULL, worthless_at BIGINT,
standing BOOLEAN NOT NULL, settlement TEXT NOT NULL, info TEXT NOT NULL, settled_at BIGINT, PRIMARY KEY (number),
UNIQUE (order_id));
CREATE INDEX orders_by_station ON orders (tenant, identity);
PRAGMA user_version = 1;
