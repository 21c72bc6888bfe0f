"""HTTP in, service call, HTTP out."""
