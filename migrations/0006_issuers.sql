-- What issuers tell of themselves (RFC 8414), shared by all clients that name them.
CREATE TABLE issuers (
  issuer TEXT PRIMARY KEY,
  -- JWE of the metadata; null: none was heard so far.
  metadata TEXT,
  -- When it was heard.
  fetched_at INTEGER,
  -- How often in a row it was not heard since.
  failures INTEGER NOT NULL,
  -- When it is asked again.
  check_at INTEGER NOT NULL
) STRICT;

CREATE INDEX issuers_to_check ON issuers (check_at);
CREATE INDEX auth_clients_by_issuer ON auth_clients (issuer) WHERE issuer IS NOT NULL;
