"""What keeps the service fit: health, the schema's proof, routines by the clock, the doctor."""
