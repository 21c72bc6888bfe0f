"""What waits for a person, all that stands around it, and the decision."""
