"""The database's versions. `migrations.run` brings up ours, LangGraph's and the queue's tables together."""
