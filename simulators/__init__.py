"""LinkedIn, X and the part of Ghost that we use, on loopback, with faults on demand."""
