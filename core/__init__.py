"""Settings, database sessions, errors, policies and guards: what every other part stands on."""
