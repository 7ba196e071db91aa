-- Instants are milliseconds since 1970 (UTC). JSON columns hold what no statement asks for.

-- How far each host's log has been read; written together with what was read.
CREATE TABLE cursors (
  host   TEXT PRIMARY KEY,
  cursor TEXT NOT NULL, -- JSON
  at_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a limit hit. The event id names its line for ever; the session id finds lines that rsyslog wrote twice.
CREATE TABLE hits (
  id          INTEGER PRIMARY KEY,
  event_id    TEXT NOT NULL UNIQUE,
  host        TEXT NOT NULL,
  service     TEXT NOT NULL,
  user        TEXT NOT NULL,
  client      TEXT NOT NULL,
  session     TEXT,
  limit_value INTEGER,
  at_ms       INTEGER NOT NULL,
  reason      TEXT NOT NULL,
  incident_id TEXT,
  away_id     TEXT
) STRICT;
CREATE UNIQUE INDEX hits_session ON hits (host, session) WHERE session IS NOT NULL;
CREATE INDEX hits_host ON hits (host, at_ms);
CREATE INDEX hits_user ON hits (user, at_ms);
CREATE INDEX hits_away ON hits (away_id) WHERE away_id IS NOT NULL;

CREATE TABLE incidents (
  id               TEXT PRIMARY KEY,
  host             TEXT NOT NULL,
  service          TEXT NOT NULL,
  user             TEXT NOT NULL,
  client           TEXT NOT NULL,
  state            TEXT NOT NULL CHECK (state IN ('open', 'snoozed', 'dismissed', 'resolved')),
  opened_at_ms     INTEGER NOT NULL,
  alerted_at_ms    INTEGER,
  last_hit_at_ms   INTEGER NOT NULL,
  snoozed_until_ms INTEGER,
  hits             INTEGER NOT NULL,
  revision         INTEGER NOT NULL,
  detail           TEXT NOT NULL, -- JSON: the other fields of an incident
  forgotten        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX incidents_one_open ON incidents (host, service, user, client) WHERE state <> 'resolved';
CREATE INDEX incidents_state ON incidents (state, last_hit_at_ms);
CREATE INDEX incidents_alerted ON incidents (host, alerted_at_ms);
CREATE INDEX incidents_user ON incidents (user);
CREATE INDEX incidents_to_forget ON incidents (last_hit_at_ms) WHERE state = 'resolved' AND forgotten = 0;

-- Hits that were old when they arrived: one collection an outage of a host.
CREATE TABLE aways (
  id                 TEXT PRIMARY KEY,
  host               TEXT NOT NULL,
  hits               INTEGER NOT NULL,
  first_hit_at_ms    INTEGER NOT NULL,
  last_hit_at_ms     INTEGER NOT NULL,
  last_arrival_at_ms INTEGER NOT NULL,
  revision           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX aways_host ON aways (host, last_arrival_at_ms);

CREATE TABLE notices (
  id         TEXT PRIMARY KEY,
  lane       TEXT NOT NULL,
  host       TEXT NOT NULL,
  code       TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('open', 'over')),
  since_ms   INTEGER NOT NULL,
  until_ms   INTEGER,
  text       TEXT NOT NULL,
  hint       TEXT,
  ends_at_ms INTEGER,
  storm      TEXT, -- JSON: the counts of a storm
  revision   INTEGER NOT NULL
) STRICT;
CREATE INDEX notices_storms ON notices (host, since_ms) WHERE code = 'storm';
CREATE UNIQUE INDEX notices_one_open ON notices (host, code) WHERE state = 'open';

CREATE TABLE remediations (
  id              TEXT PRIMARY KEY,
  kind            TEXT NOT NULL CHECK (kind IN ('raise', 'rollback')),
  host            TEXT NOT NULL,
  service         TEXT NOT NULL,
  client          TEXT,
  incident_id     TEXT,
  of_id           TEXT,
  state           TEXT NOT NULL CHECK (state IN (
                    'proposed', 'approved', 'applying', 'verifying', 'succeeded', 'rejected',
                    'expired', 'superseded', 'refused', 'restored', 'needs_operator')),
  old_value       INTEGER NOT NULL,
  new_value       INTEGER NOT NULL,
  proposed_at_ms  INTEGER NOT NULL,
  expires_at_ms   INTEGER NOT NULL,
  changed_at_ms   INTEGER, -- when the reload was proven
  watch_until_ms  INTEGER,
  finished_at_ms  INTEGER,
  revision        INTEGER NOT NULL,
  detail          TEXT NOT NULL -- JSON: the other fields, without the transcript
) STRICT;
CREATE INDEX remediations_state ON remediations (state);
CREATE INDEX remediations_incident ON remediations (incident_id, proposed_at_ms);
CREATE INDEX remediations_changed ON remediations (host, service, changed_at_ms) WHERE changed_at_ms IS NOT NULL;
CREATE INDEX remediations_age ON remediations (proposed_at_ms);

-- The host's transcript, record by record; only ever added to.
CREATE TABLE records (
  remediation_id TEXT NOT NULL REFERENCES remediations (id),
  number         INTEGER NOT NULL,
  record         TEXT NOT NULL, -- JSON
  PRIMARY KEY (remediation_id, number)
) STRICT;

-- One row a message. It is rendered from the newest state when it is sent.
CREATE TABLE outbox (
  message_key       TEXT PRIMARY KEY,
  lane              TEXT NOT NULL,
  kind              TEXT NOT NULL,
  subject_id        TEXT NOT NULL,
  thread_of         TEXT,
  revision          INTEGER NOT NULL,
  relaxed           INTEGER NOT NULL,
  state             TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'ambiguous', 'failed')),
  sent_revision     INTEGER NOT NULL DEFAULT 0,
  message_id        TEXT,
  delivery_id       TEXT,
  attempts          INTEGER NOT NULL DEFAULT 0,
  queued_at_ms      INTEGER NOT NULL,
  not_before_ms     INTEGER NOT NULL DEFAULT 0,
  first_tried_at_ms INTEGER,
  sent_at_ms        INTEGER,
  why               TEXT,
  hint              TEXT
) STRICT;
CREATE INDEX outbox_unsent ON outbox (lane) WHERE state <> 'sent';

-- What became of each post, and of every edit that did not go well: for people who ask where a message went.
CREATE TABLE deliveries (
  id          INTEGER PRIMARY KEY,
  message_key TEXT NOT NULL,
  delivery_id TEXT,
  at_ms       INTEGER NOT NULL,
  outcome     TEXT NOT NULL,
  detail      TEXT
) STRICT;
CREATE INDEX deliveries_age ON deliveries (at_ms);

CREATE TABLE clicks (
  key            TEXT PRIMARY KEY,
  at_ms          INTEGER NOT NULL,
  click          TEXT NOT NULL, -- JSON
  finished_at_ms INTEGER,
  outcome        TEXT
) STRICT;
CREATE INDEX clicks_unfinished ON clicks (at_ms) WHERE finished_at_ms IS NULL;

-- Who decided what, when, and what came of it. Ids, never names from a log.
CREATE TABLE audit (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms      INTEGER NOT NULL,
  actor      TEXT NOT NULL,
  event      TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  host       TEXT,
  detail     TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX audit_age ON audit (at_ms);
