"""LangGraph's server protocol over the same rows: assistants, runs, and threads as its clients see them."""
