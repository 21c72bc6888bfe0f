"""How somebody likes to write: habits told from edits, proposed as rules, agreed to by people."""
