"""RSS and Atom: feeds that are followed, and the workflows that their entries start."""
