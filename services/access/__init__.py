"""Who somebody is, in which workspace, as what, and how they come in."""
