"""How long a test waits for what must come. Only what hangs takes so long, however busy the machine is."""

PATIENCE_SECONDS = 60.0
