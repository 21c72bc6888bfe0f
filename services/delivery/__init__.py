"""From an approval to a receipt: accounts, publishing jobs, the calls of adapters, and the ledger."""
